/** nfwhy in one file traces without the package that brings the kernel's sockets, says so, and leaves nothing behind. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { ROOT } from '../docs/sources.ts'

it.skipIf(process.getuid?.() !== 0)('traces by nft and tells what it lacks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-single-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'nfwhy')
  execFileSync(process.execPath, [join(ROOT, 'scripts/single.mjs'), file])
  const script = `ip link set lo up
nft 'add table ip t; add chain ip t c { type filter hook input priority 0; }; add rule ip t c icmp type echo-request drop'
nft list ruleset > before
./nfwhy trace --plain --backend nft --count 1 --for 60s --exec 'ping -c 1 -W 1 127.0.0.1' icmp 2>&1
nft list ruleset > after
cmp before after`
  const printed = execFileSync('unshare', ['-n', 'sh', '-c', script], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 90_000,
  })
  expect(printed).toContain('DROPPED by ip t c')
  expect(printed.replace(/\s+/g, ' ')).toContain('nfwhy in one file comes without the optional package koffi')
})
