// Jest transformer for JavaScript: only files that Node itself would treat as ESM are turned into CommonJS, since
// turning everything breaks packages that look at `this` or `module` (google-protobuf does).
const { createTransformer } = require('@swc/jest');
const { createHash } = require('node:crypto');
const { existsSync, readFileSync } = require('node:fs');
const { dirname, extname, join } = require('node:path');

const swc = createTransformer({
  jsc: { target: 'es2023', parser: { syntax: 'ecmascript' } },
  module: { type: 'commonjs' },
  sourceMaps: false,
  swcrc: false,
});

const typeByFolder = new Map();

function packageType(folder) {
  const known = typeByFolder.get(folder);
  if (known !== undefined) return known;
  const manifest = join(folder, 'package.json');
  const parent = dirname(folder);
  let type = 'commonjs';
  if (existsSync(manifest)) type = JSON.parse(readFileSync(manifest, 'utf8')).type ?? 'commonjs';
  else if (folder !== parent) type = packageType(parent);
  typeByFolder.set(folder, type);
  return type;
}

const isEsm = (file) =>
  extname(file) === '.mjs' || (extname(file) === '.js' && packageType(dirname(file)) === 'module');

module.exports = {
  getCacheKey: (source, file, options) =>
    isEsm(file) ? swc.getCacheKey(source, file, options) : createHash('sha1').update(source).digest('hex'),
  process: (source, file, options) => (isEsm(file) ? swc.process(source, file, options) : { code: source }),
};
