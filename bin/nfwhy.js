#!/usr/bin/env node
const { existsSync } = require('node:fs')
const { join } = require('node:path')
const { load } = require('./load.js')

const dist = join(__dirname, '../dist')
if (existsSync(join(dist, 'cli.cjs'))) load(dist, 'cli.cjs')
else {
  process.stderr.write('nfwhy is not built yet: run `npm ci` (or `npm run build`) in its folder.\n')
  process.exitCode = 2
}
