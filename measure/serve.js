// `node serve.js`: encodes with sharp for side.py. A request is a line of fields with tabs between them:
//   encode FORMAT QUALITY REPEATS PNG OUT     the least seconds of processor time of one encoding
// FORMAT is jpeg (mozjpeg), webp, avif or png (palette). Pixels are decoded before the clock starts. sharp must be where node finds it.
const sharp = require('sharp');
const fs = require('fs');
sharp.concurrency(1);
sharp.cache(false);

const settings = {
  jpeg: quality => ({ quality, mozjpeg: true }),
  webp: quality => ({ quality, effort: 6 }),
  avif: quality => ({ quality, effort: 6 }),
  png: quality => ({ quality, palette: true, effort: 10 }),
};
let last = {};
const serve = async line => {
  const [, format, quality, repeats, png, out] = line.split('\t');
  if (last.png !== png) {
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    last = { png, data, raw: { width: info.width, height: info.height, channels: info.channels } };
  }
  let least = Infinity, bytes;
  for (let i = 0; i < +repeats; i++) {
    const start = process.cpuUsage();
    bytes = await sharp(last.data, { raw: last.raw }).toFormat(format, settings[format](+quality)).toBuffer();
    const used = process.cpuUsage(start);
    least = Math.min(least, (used.user + used.system) / 1e6);
  }
  fs.writeFileSync(out, bytes);
  console.log(String(least));
};
(async () => {
  for await (const line of require('readline').createInterface({ input: process.stdin })) await serve(line);
})();
