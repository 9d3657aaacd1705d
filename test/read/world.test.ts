import { expect, it } from 'vitest'
import { HOST_FORMATS } from '../../src/read/host/index.ts'
import { WorldBuilder } from '../../src/read/world.ts'

/** Each file as its own kind of input. */
function build(...files: [format: string, text: string][]): WorldBuilder {
  const builder = new WorldBuilder()
  files.forEach(([id, text], i) => {
    const format = HOST_FORMATS.find((one) => one.id === id)!
    builder.add(`file ${i + 1}`, text, { kind: 'host', format })
  })
  return builder
}

const LINK = '2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000\n'
const V4 = `${LINK}    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0\n       valid_lft forever preferred_lft forever\n`
const V6 = `${LINK}    inet6 2001:db8::1/64 scope global \n       valid_lft forever preferred_lft forever\n`
const DETAILS = `${LINK.replace('qlen', 'mode DEFAULT qlen')}    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n`

it('joins what several files say of one interface', () => {
  const { world } = build(['ip-addr', V4], ['ip-addr', V6], ['ip-addr', DETAILS], ['ip-addr', V4])
  expect(world.host.links).toHaveLength(1)
  const [link] = world.host.links!
  expect(link?.addresses?.map(({ address }) => address)).toEqual(['10.0.0.1', '2001:db8::1'])
  expect(link?.mac).toBe('02:00:00:00:00:01')
})

it('says nothing of addresses where no file does', () => {
  expect(build(['ip-addr', DETAILS]).world.host.links?.[0]).not.toHaveProperty('addresses')
})

it('keeps once what is a part of another listing', () => {
  const main = '10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1 \n'
  const all = `${main}local 10.0.0.1 dev eth0 table local proto kernel scope host src 10.0.0.1 \n`
  const rules = '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n'
  const { world } = build(['ip-route', main], ['ip-route', all], ['ip-rule', rules], ['ip-rule', rules])
  expect(world.host.routes?.map(({ table }) => table)).toEqual(['main', 'local'])
  expect(world.host.routingRules).toHaveLength(3)
})

it('keeps twins of one file: a route may stand in it twice', () => {
  const twins = 'fe80::/64 dev eth0 proto kernel metric 256 pref medium\n'.repeat(2)
  expect(build(['ip-route', twins]).world.host.routes).toHaveLength(2)
})

it('joins what is of two families', () => {
  const v4 =
    'udp 17 20 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 mark=0 use=1\n'
  const v6 = v4.replace(/10\.0\.0\.(\d)/g, '2001:db8::$1')
  const { world } = build(['conntrack', v4], ['conntrack', v6])
  expect(world.host.conntrack?.map(({ family }) => family)).toEqual(['ip', 'ip6'])
})

const SAVE = 'create hosts hash:ip family inet hashsize 1024 maxelem 65536 timeout 60\nadd hosts 10.0.0.1 timeout 50\n'
const LIST =
  'Name: hosts\nType: hash:ip\nRevision: 6\nHeader: family inet hashsize 1024 maxelem 65536 timeout 60\nSize in memory: 100\nReferences: 0\nNumber of entries: 1\nMembers:\n10.0.0.1 timeout 40\n'

it('has an ipset once, and is silent where two files agree on it', () => {
  const { world, warnings } = build(['ipset-save', SAVE], ['ipset-list', LIST])
  expect(world.sets.map(({ name, elements }) => [name, elements[0]?.timeout])).toEqual([['hosts', 40]])
  expect(warnings).toEqual([])
})

it('takes the later of two ipsets, and tells', () => {
  const { world, warnings } = build(['ipset-save', SAVE], ['ipset-list', LIST.replace('10.0.0.1', '10.0.0.2')])
  expect(world.sets.map(({ elements }) => elements[0]?.parts)).toEqual([['10.0.0.2']])
  expect(warnings).toEqual([
    { input: 'file 1', code: 'set-twice', message: 'set hosts is also in file 2; the version there is used' },
  ])
})

it('takes the less damaged of two ipsets', () => {
  const damaged = SAVE.replace('10.0.0.1 timeout', '10.0.0.2 nonsense')
  const { world, warnings } = build(['ipset-save', SAVE], ['ipset-save', damaged])
  expect(world.sets.map(({ elements }) => elements[0]?.parts)).toEqual([['10.0.0.1']])
  expect(warnings.map(({ input, code }) => [input, code])).toContainEqual(['file 2', 'set-twice'])
})
