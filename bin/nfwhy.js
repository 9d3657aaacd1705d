#!/usr/bin/env node
import { load } from './load.mjs'

const cli = load(new URL('../dist/', import.meta.url))
if (cli) cli.run()
else {
  process.stderr.write('nfwhy is not built yet: run `npm ci` (or `npm run build`) in its folder.\n')
  process.exitCode = 2
}
