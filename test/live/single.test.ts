/** Without the package that brings the kernel's sockets, nfwhy traces all the same, says what it lacks, and leaves nothing behind. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { ROOT } from '../docs/sources.ts'

/** Puts it into a folder, as `nfwhy`. */
const KINDS = {
  'in one file': (folder: string) => {
    execFileSync(process.execPath, [join(ROOT, 'scripts/single.mjs'), join(folder, 'nfwhy')])
  },
  'a package without optional ones': (folder: string) => {
    for (const name of ['bin', 'dist', 'package.json'])
      cpSync(join(ROOT, name), join(folder, 'package', name), { recursive: true })
    symlinkSync('package/bin/nfwhy.js', join(folder, 'nfwhy'))
  },
}

it.skipIf(process.getuid?.() !== 0).each([
  ['in one file', 'nfwhy in one file comes without the optional package koffi'],
  [
    'a package without optional ones',
    'the optional package koffi is not installed; so another program reads the trace',
  ],
] as const)('traces by nft and tells what it lacks: %s', (kind, lacks) => {
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-single-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  KINDS[kind](folder)
  const script = `ip link set lo up
nft 'add table ip t; add chain ip t c { type filter hook input priority 0; }; add rule ip t c icmp type echo-request drop'
nft list ruleset > before
./nfwhy trace --dry-run --backend nft icmp
./nfwhy trace --plain --backend nft --count 1 --for 60s --exec 'ping -c 1 -W 1 127.0.0.1' icmp 2>&1
nft list ruleset > after
cmp before after`
  const printed = execFileSync('unshare', ['-n', 'sh', '-c', script], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 240_000,
  })
  expect(printed).toContain(
    "# read nf_tables' trace events, by a program there: the optional package koffi is not installed\n",
  )
  expect(printed).toContain('DROPPED by ip t c')
  expect(printed.replace(/\s+/g, ' ')).toContain(lacks)
})
