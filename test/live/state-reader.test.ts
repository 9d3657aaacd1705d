/** Rules that are read again: what is a change of them. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { StateReader } from '../../src/live/state-reader.ts'

const RULES =
  'table inet fw { # handle 1\n\tchain input { # handle 1\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n}\n'
const own = (id: string) => `table inet ${id} { # handle 2
	flags owner

	chain prerouting { # handle 1
		type filter hook prerouting priority -350; policy accept;
		meta nftrace set 1 # handle 2
	}

	chain output { # handle 3
		type filter hook output priority -350; policy accept;
	}
}
`

/** A machine whose nft lists what `list` was last given. */
function machine() {
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-state-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const nft = join(folder, 'nft')
  writeFileSync(
    nft,
    `#!/bin/sh\ncase "$*" in *-j*) exit 1 ;; *ruleset*) cat ${folder}/rules ;; *) echo 'nftables v1.0.6' ;; esac\n`,
  )
  chmodSync(nft, 0o755)
  const list = (text: string) => writeFileSync(join(folder, 'rules'), text)
  const place = { name: 'it', prefix: ['env', `PATH=${folder}:/usr/bin:/bin`] }
  const table = { name: 'nfwhy-7', commands: ['add table inet nfwhy-7'], owned: true }
  return { list, reader: new StateReader(place, { id: 'nfwhy-7', table }) }
}

test.each([RULES, ''])("the session's own table is no change of the rules %j", async (rules) => {
  const { list, reader } = machine()
  list(rules)
  await reader.read()
  list(rules + own('nfwhy-7'))
  expect(await reader.readRules()).toBeUndefined()
  list(own('nfwhy-7') + rules.replace('drop', 'accept') + own('nfwhy-8'))
  expect((await reader.readRules())?.tables.map(({ name }) => name)).toContain('nfwhy-8')
  list(rules)
  expect(await reader.readRules()).toBeDefined()
})
