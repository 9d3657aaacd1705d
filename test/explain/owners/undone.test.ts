import { describe, expect, test } from 'vitest'
import { parseCommand } from '../../../src/edits/parse.ts'
import type { Proposal } from '../../../src/explain/changes/proposal.ts'
import { ownerOf } from '../../../src/explain/owners/owners.ts'
import { inZone, withOwner } from '../../../src/explain/owners/undone.ts'
import type { Chain, Rule } from '../../../src/model/ruleset.ts'
import { emptyWorld, type World } from '../../../src/model/world.ts'

function fixOf(command: string, world: World = emptyWorld()) {
  const read = parseCommand(command)
  if (!('edits' in read)) throw new Error(JSON.stringify(read))
  const proposal: Proposal = { description: 'change it', edits: read.edits }
  return withOwner(proposal, world)
}

/** An iptables table with one rule in each chain. */
function worldOf(table: string, chains: Record<string, string>): World {
  const made = Object.entries(chains).map(([name, text]) => {
    const rule = { text, ruleNumber: 1, conditions: [], statements: [] }
    return [name, { name, rules: [rule] }] as [string, Chain]
  })
  const world = emptyWorld()
  world.tables.push({ kind: 'iptables', family: 'ip', name: table, chains: new Map(made) })
  return world
}

describe('what an owner undoes', () => {
  test.each<[string, string, string]>([
    ['nft add element ip kube-proxy nodeport-ips { 192.0.2.240 }', 'kube-proxy', 'change nodePortAddresses'],
    ['nft delete element ip6 kube-proxy nodeport-ips { 2001:db8::1 }', 'kube-proxy', 'change nodePortAddresses'],
    ['nft add element ip kube-proxy service-nodeports { tcp . 80 : drop }', 'kube-proxy', 'change the Service'],
    ['nft insert rule ip kube-proxy services accept', 'kube-proxy', 'change the Service'],
    ["nft add set ip kube-proxy mine '{ type ipv4_addr; }'", 'kube-proxy', 'change the Service'],
    ['nft add chain ip kube-proxy mine', 'kube-proxy', 'change the Service'],
    ['nft delete table ip kube-proxy', 'kube-proxy', 'change the Service'],
    ['nft add rule inet fw4 forward_wan accept', 'openwrt', 'change /etc/config/firewall'],
    // a rule that leads there would be the zone's, had it the interface
    [
      'nft add rule inet fw4 forward iifname docker0 jump forward_docker',
      'openwrt',
      'add the interface to zone docker in /etc/config/firewall',
    ],
    ['nft add rule inet fw4 forward_lan jump accept_to_wan', 'openwrt', 'change /etc/config/firewall'],
    [
      'iptables -A delegate_forward -i wg0 -j zone_vpn_forward',
      'openwrt',
      'add the interface to zone vpn in /etc/config/firewall',
    ],
    ['nft add element inet fw4 banned { 192.0.2.1 }', 'openwrt', 'change /etc/config/firewall'],
    ['nft add rule inet firewalld filter_IN_public accept', 'firewalld', 'use firewall-cmd --permanent --zone=public'],
    // no option of a zone forwards to another zone
    [
      'nft add rule inet firewalld filter_FWD_public_allow accept',
      'firewalld',
      'use a policy with ingress zone public',
    ],
    ['nft add rule inet firewalld filter_OUT_policy_out accept', 'firewalld', 'use firewall-cmd --permanent'],
    ['nft add rule ip libvirt_network guest_input accept', 'libvirt', 'use virsh net-edit or a libvirt hook'],
    ['nft add rule inet netavark FORWARD accept', 'podman', "change the container's network"],
    ['nft add rule ip filter ts-input accept', 'tailscale', 'use tailscale set or the ACLs'],
    ['iptables -t nat -I KUBE-NODEPORTS 1 -j RETURN', 'kube-proxy', 'change the Service'],
    ['iptables -I LIBVIRT_FWI 2 -j ACCEPT', 'libvirt', 'use virsh net-edit or a libvirt hook'],
    ['ipset add f2b-sshd 192.0.2.1', 'fail2ban', 'change the jail'],
  ])('%s: %s', (command, name, lasting) => {
    expect(fixOf(command)).toMatchObject({ owner: { name, lasting } })
    expect(fixOf(command).owner?.beside).toBeUndefined()
    expect(fixOf(command).note).toMatch(new RegExp(`^${name} restores its rules .+; to keep it, ${lasting}$`))
  })

  test.each<[string, string]>([
    ['iptables -I cali-tw-cali12 1 -j ACCEPT', 'change the policy'],
    ['iptables -t nat -I cali-nat-outgoing 1 -j ACCEPT', 'change the IPPool'],
    ['nft add rule inet incus acl.incusbr0 accept', 'change the rule of the ACL'],
    ['iptables -I DOCKER 1 -j ACCEPT', 'use the chain DOCKER-USER'],
    // docker's nft backend has no DOCKER-USER
    ['nft add rule ip docker-bridges filter-FORWARD accept', 'change the options of dockerd'],
    ['nft add rule ip6 docker-bridges filter-forward-in__docker0 accept', "change the container's published ports"],
    ['nft add rule ip docker-bridges raw-PREROUTING accept', 'use the option trusted_host_interfaces'],
    ['nft add rule ip docker-bridges nat-prerouting-and-output accept', "change the container's published ports"],
    ['nft add rule inet incus fwd.incusbr0 accept', 'use incus network set or an ACL'],
    ['nft add rule inet lxd aclfwd.lxdbr0 accept', 'change the rule of the ACL'],
  ])('%s: advice for such a chain', (command, lasting) => {
    expect(fixOf(command).owner?.lasting).toBe(lasting)
  })

  test('says of what is there for a while that it goes, and not that it is written back', () => {
    const fix = fixOf('nft add rule inet firewalld_policy_drop filter_input accept')
    expect(fix.owner).toBeUndefined()
    expect(fix.note).toBe('firewalld has these rules only when it reloads')
    expect(fixOf('nft add rule inet firewalld_policy_drop raw_output accept').note).toMatch(
      /only when panic mode is on$/,
    )
  })

  test.each<[string, string, string]>([
    // with dispatch chains, and as 0.9 has them
    ['filter_FWD_public_to_dmz', '--add-ingress-zone=public --add-egress-zone=dmz', 'ingress zone public'],
    ['filter_FWD_public_dispatch_stage2', '--add-ingress-zone=public --add-egress-zone=EGRESS', 'ingress zone public'],
    ['filter_FWDI_public_allow', '--add-ingress-zone=public --add-egress-zone=EGRESS', 'ingress zone public'],
    ['filter_FWDO_block', '--add-ingress-zone=INGRESS --add-egress-zone=block', 'egress zone block'],
  ])('names the zones of %s as a policy has them', (chain, zones, lasting) => {
    const { owner } = fixOf(`nft add rule inet firewalld ${chain} accept`)
    const found = ownerOf({ family: 'inet', table: 'firewalld', chain })!
    expect(inZone(found, found.instead, chain)).toContain(` ${zones}, `)
    expect(owner?.lasting).toBe(`use a policy with ${lasting}`)
  })

  test('names the zone of a chain for what comes to the host', () => {
    const { owner } = fixOf('nft add rule inet firewalld filter_IN_public_to_HOST accept')
    expect(owner?.lasting).toBe('use firewall-cmd --permanent --zone=public')
  })

  test('advises a policy of firewalld only where its version has policies', () => {
    const lasting = (...more: string[]) => {
      const chains = Object.fromEntries(['FORWARD_direct', 'FWDI_public', ...more].map((name) => [name, `-A ${name}`]))
      return fixOf('iptables -I FWDI_public 1 -j ACCEPT', worldOf('filter', chains)).owner?.lasting
    }
    expect(lasting()).toBe('use firewall-cmd --permanent --direct')
    expect(lasting('FORWARD_POLICIES_pre')).toBe('use a policy with ingress zone public')
  })

  test("names docker's chain for users only where the table has it", () => {
    const DOCKER = '-A DOCKER -j DROP'
    const without = fixOf('iptables -I DOCKER 1 -j ACCEPT', worldOf('filter', { DOCKER }))
    expect(without.owner).toMatchObject({ name: 'docker' })
    expect(without.note).toBe(`docker restores its rules ${without.owner!.when}`)
    const FORWARD = '-A FORWARD -j DOCKER-USER'
    const users = worldOf('filter', { DOCKER, FORWARD, 'DOCKER-USER': '-A DOCKER-USER -j RETURN' })
    for (const { chains } of users.tables) {
      const [rule] = chains.get('FORWARD')!.rules
      const jump: Rule = { ...rule!, statements: [{ kind: 'jump', chain: 'DOCKER-USER' }] }
      chains.set('FORWARD', { name: 'FORWARD', hook: 'forward', priority: 0, rules: [jump] })
    }
    expect(fixOf('iptables -I DOCKER 1 -j ACCEPT', users).note).toMatch(/; to keep it, use the chain DOCKER-USER$/)
  })

  test('advises by the rule that is in the way, where rules of one chain are set in different places', () => {
    const localnet =
      '-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -j DROP'
    const marked = '-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP'
    const lastingBefore = (rule: string) =>
      fixOf('iptables -I KUBE-FIREWALL 1 -j ACCEPT', worldOf('filter', { 'KUBE-FIREWALL': rule })).owner?.lasting
    expect(lastingBefore(localnet)).toBe('change makeIPTablesUtilChains')
    expect(lastingBefore(marked)).toBe('find what sets KUBE-MARK-DROP')
  })

  test('deletes a rule of its own from a chain of everybody', () => {
    const world = worldOf('filter', { FORWARD: '-A FORWARD -o virbr1 -j REJECT --reject-with icmp-port-unreachable' })
    expect(fixOf('iptables -D FORWARD 1', world).owner?.name).toBe('libvirt')
    expect(fixOf('iptables -I FORWARD 1 -j ACCEPT', world).owner).toBeUndefined()
  })

  test.each([
    'nft add element inet filter allow_in { 192.0.2.1 }',
    'nft add rule inet filter forward accept',
    'iptables -I FORWARD 1 -j ACCEPT',
    'iptables -I DOCKER-USER 1 -j ACCEPT',
    'ipset add mine 192.0.2.1',
    'sysctl -w net.ipv4.ip_forward=1',
    'nft add rule ip qubes custom-input accept',
  ])('not: %s', (command) => {
    expect(fixOf(command)).not.toHaveProperty('owner')
    expect(fixOf(command)).not.toHaveProperty('note')
  })
})

test('an owner of what stands beside the change may put it in front again', () => {
  const owner = {
    name: 'libvirt',
    instead: 'x',
    lasting: 'use virsh',
    rewrites: false,
    when: 'when it starts',
    marks: [],
  }
  const read = parseCommand('iptables -I FORWARD 1 -j ACCEPT')
  if (!('edits' in read)) throw new Error()
  const proposal: Proposal = { description: 'change it', edits: read.edits, beside: { owner } }
  const fix = withOwner(proposal, emptyWorld())
  expect(fix).toMatchObject({ owner: { name: 'libvirt', beside: true } })
  expect(fix.note).toBe('libvirt restores its rules when it starts; to keep it, use virsh')
  expect(fix).not.toHaveProperty('beside')
})

test('what is done by hand keeps its words', () => {
  expect(withOwner({ description: 'change it' }, emptyWorld())).toEqual({ description: 'change it' })
})
