import type { Cause } from '../problem.ts'

export const noTool: Cause = {
  id: 'no-tool',
  about: {
    cause: 'neither nft nor iptables is installed',
    check: '`command -v`',
    mend: "install nftables, or use the host's tools in this namespace",
  },
  tested: 'in a namespace',
  check({ programs }) {
    if (programs.has('nft') || programs.has('iptables') || programs.has('iptables-legacy')) return []
    return [
      {
        code: 'no-tool',
        severity: 'error',
        message: 'Neither nft nor iptables is installed here, so no trace can be started.',
        evidence: 'command -v nft iptables iptables-legacy: prints nothing',
        fix: {
          description:
            'install the package nftables; or use the tools of the host in this namespace: --via "nsenter -t PID -n", ' +
            'with the id of any process in this namespace',
          safe: false,
          unsafe: 'the package manager is unknown',
        },
      },
    ]
  },
}
