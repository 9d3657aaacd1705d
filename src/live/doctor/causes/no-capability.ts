import { command, operands } from '../../../model/command.ts'
import { type Facts, hasCapability } from '../../survey/facts.ts'
import type { Cause, Mend } from '../problem.ts'
import type { Wish } from '../wish.ts'

export const noCapability: Cause = {
  id: 'no-capability',
  about: {
    cause: 'no right to see the rules or to trace',
    check: 'CAP_NET_ADMIN in `/proc/self/status`; what `nft list tables` says',
    mend: '`sudo`, a privileged container',
  },
  tested: 'in a namespace',
  check(facts, wish) {
    if (hasCapability(facts, 'CAP_NET_ADMIN') === false)
      return [
        {
          code: 'no-capability',
          severity: 'error',
          message: 'CAP_NET_ADMIN is missing: without it, nobody can see the rules or trace a packet.',
          evidence: `CapEff ${facts.capabilities?.toString(16).padStart(16, '0')}, user ${facts.uid ?? '?'}`,
          fix: howToGet(facts, wish),
        },
      ]
    if (facts.nftRefused === undefined || !/permi|not permitted|must be root/i.test(facts.nftRefused)) return []
    return [
      {
        code: 'no-capability',
        severity: 'error',
        message:
          'CAP_NET_ADMIN is present, but not valid for this network namespace, which belongs to another user namespace.',
        evidence: `nft list tables: ${facts.nftRefused}`,
        fix: howToGet(facts, wish),
      },
    ]
  },
}

function howToGet({ container, uid }: Facts, { filter = '' }: Wish): Mend {
  if (container === 'kubernetes')
    return {
      description:
        'give the pod securityContext.capabilities.add: [NET_ADMIN], or work from the node: --via "ssh root@NODE"',
      safe: false,
      unsafe: 'the pod restarts',
    }
  if (uid !== undefined && uid !== 0)
    return {
      description: 'run it as root',
      commands: [command('sudo', 'nfwhy', 'doctor', ...operands(filter))],
      safe: false,
      unsafe: 'sudo asks for a password',
    }
  const tool = container === 'podman' ? 'podman' : 'docker'
  return {
    description: `start the container with \`${tool} run --cap-add NET_ADMIN …\` (or --privileged), or work from the host: \`nsenter -t PID -n nfwhy doctor\``,
    safe: false,
    unsafe: 'the container restarts',
  }
}
