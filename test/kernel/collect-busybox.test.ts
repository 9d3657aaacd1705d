/** A machine that has nothing but BusyBox, as many routers: what its programs print is read, and nothing is taken for known that is not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readInputs } from '../../src/cli/inputs.ts'
import { SECTIONS, sectionScript } from '../../src/live/script/index.ts'
import { runInNamespace, whyNot } from './namespaces.ts'

const missing =
  process.getuid?.() === 0 ? whyNot('busybox', 'ip', 'mount') : 'other programs can be hidden by root alone'
if (missing) console.warn(`collect is not tried with BusyBox alone: ${missing}`)
const folder = mkdtempSync(join(tmpdir(), 'nfwhy-busybox-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe.skipIf(missing)('with BusyBox alone', () => {
  test('what there is is read', async () => {
    writeFileSync(join(folder, 'collect.sh'), sectionScript(SECTIONS, { form: 'folder', version: '1' }))
    const printed = runInNamespace(`mkdir '${folder}/bin' '${folder}/out'; busybox --install -s '${folder}/bin'
ip link set lo up; ip addr add 192.0.2.7/24 dev lo; ip route add 198.51.100.0/24 via 192.0.2.9; ip rule add fwmark 7 lookup 100
'${process.execPath}' -e 'require("net").createServer().listen(8099,"192.0.2.7",()=>console.log("ready"))' > '${folder}/ready' &
server=$!; trap 'kill $server' EXIT
until [ -s '${folder}/ready' ]; do sleep 0.1; done
unshare -m sh -c 'mount -t tmpfs none /usr/sbin; mount -t tmpfs none /usr/local/sbin; cd "$1/out"; PATH=$1/bin "$1/bin/ash" ../collect.sh 2>/dev/null' sh '${folder}'`)
    const name = printed.trim().replace(/\.tgz$/, '')
    expect(name).toMatch(/^nfwhy-/)
    const { machines, warnings } = await readInputs([join(folder, 'out', name)], [])
    expect(warnings).toEqual([])
    const { host } = machines[0]!.world
    expect(host.links?.flatMap(({ addresses }) => addresses ?? []).map(({ address }) => address)).toContain('192.0.2.7')
    expect(host.routes).toContainEqual(
      expect.objectContaining({ destination: '198.51.100.0/24', gateway: '192.0.2.9' }),
    )
    expect(host.routingRules).toContainEqual(expect.objectContaining({ mark: 7, action: { table: '100' } }))
    expect(host.sockets).toContainEqual(
      expect.objectContaining({ protocol: 'tcp', state: 'LISTEN', address: '192.0.2.7', port: 8099 }),
    )
    expect(host.sysctls?.get('net.ipv4.ip_forward')).toMatch(/^[01]$/)
  })
})
