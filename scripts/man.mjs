/** node scripts/man.mjs FOLDER: prints the manual page, from what the commands that are built there say of themselves. */
import { resolve } from 'node:path'
import { load } from '../bin/load.js'

const [folder] = process.argv.splice(2)
process.env.NFWHY_CALLED_AS = 'nfwhy'
process.argv.push('help', '--man')
load(resolve(folder), 'cli.cjs')
