import type { Incident } from '../incident.ts'

export const forwardingOff: Incident = {
  name: 'forwarding-off',
  title: 'a gateway with perfect rules does not forward',
  story:
    'A new gateway has routes, masquerading and a rule that accepts. Nothing gets through, and no counter of ' +
    'FORWARD increases: the kernel forwards nothing until forwarding is enabled.',
  backend: 'nft',
  hosts: {
    client: { addresses: { eth0: ['10.0.0.2/24'] }, routes: ['default via 10.0.0.1'] },
    gateway: {
      addresses: { lan: ['10.0.0.1/24'], wan: ['203.0.113.1/24'] },
      rules: {
        nft: `table ip gateway {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" oifname "wan" accept
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
      },
    },
    server: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [{ protocol: 'tcp', port: 80 }] },
  },
  links: [
    ['client:eth0', 'gateway:lan'],
    ['gateway:wan', 'server:eth0'],
  ],
  traced: 'gateway',
  packet: { from: 'client', what: 'tcp', to: '203.0.113.9', port: 80 },
  expected: {
    outcome: 'vanished',
    sender: 'nothing',
    findings: ['vanished-forwarding-off'],
    fix: {
      words: 'Enable forwarding in the kernel.',
      command: 'sysctl -w net.ipv4.ip_forward=1',
      proposed: true,
    },
    after: { outcome: 'forwarded', sender: 'answered' },
  },
}
