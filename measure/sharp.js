// `node sharp.js OUT PNG...`: sharp's mozjpeg files of each quality, for `effort --sharp OUT`. sharp must be where node finds it.
const sharp = require('sharp');
const path = require('path');

const [out, ...pictures] = process.argv.slice(2);
(async () => {
  for (const picture of pictures) {
    for (let quality = 20; quality <= 100; quality++) {
      const name = `${path.basename(picture, '.png')}.${quality}.jpg`;
      await sharp(picture).jpeg({ quality, mozjpeg: true }).toFile(path.join(out, name));
    }
  }
})();
