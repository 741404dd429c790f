// `node pictures.js SIZE OUT PICTURE...`: PNG renderings of at most SIZE pixels a side, in sRGB and on white, for side.py.
// sharp must be where node finds it.
const sharp = require('sharp');
const path = require('path');

const [size, out, ...pictures] = process.argv.slice(2);
(async () => {
  for (const picture of pictures) {
    await sharp(picture, { limitInputPixels: false }).rotate().toColourspace('srgb').flatten({ background: '#fff' })
      .resize(+size, +size, { fit: 'inside', withoutEnlargement: true }).png()
      .toFile(path.join(out, path.parse(picture).name + '.png'));
  }
})();
