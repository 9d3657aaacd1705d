#!/usr/bin/env node
const { join } = require('node:path')
const { load } = require('./load.js')

const cli = load(join(__dirname, '../dist'))
if (cli) cli.run()
else {
  process.stderr.write('nfwhy is not built yet: run `npm ci` (or `npm run build`) in its folder.\n')
  process.exitCode = 2
}
