/** The licences of what other people wrote and the build takes in: most ask that they come along. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const PACKAGE = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//

/** `plugin` notes the packages of every bundle that is written; `text` names them all, with their licences. */
export function notices() {
  const folders = new Set()
  return {
    plugin: {
      name: 'notices',
      generateBundle(_options, bundle) {
        for (const { moduleIds = [] } of Object.values(bundle))
          for (const id of moduleIds) {
            const folder = PACKAGE.exec(id)?.[1]
            if (folder !== undefined) folders.add(folder)
          }
      },
    },
    text: () =>
      `What of others is in these files, and under which licence.\n${[...folders].map(noticeOf).sort().join('')}`,
  }
}

/** Throws where a package does not say its licence. */
function noticeOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one))
  if (file === undefined) throw new Error(`${name} comes without its licence`)
  return `\n${'-'.repeat(80)}\n${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
}
