/** What namespaces trace comes to the kernel log only while nf_log_all_netns is 1: one setting for the whole machine. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Sets it, beside others that have it set, by the lock that test/kernel/lab/lab.py shares; gives what sets it back. The
 * last one does. `alone`: others fill the log faster than dmesg reads it, so they are waited for as long as may be.
 */
export async function showAllNamespaces({ alone = false } = {}): Promise<() => Promise<unknown>> {
  const script = `
setting=/proc/sys/net/netfilter/nf_log_all_netns
before=/run/nfwhy-nf_log_all_netns
exec 9>>$before
${alone ? 'flock -w 60 9 || ' : ''}flock -s 9
[ -s $before ] || cat $setting >$before
echo 1 >$setting
echo ready
cat
if flock -n 9; then cat $before >$setting; : >$before; fi`
  const keeper = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(keeper.stdout, 'data')
  return () => {
    keeper.stdin.end()
    return once(keeper, 'exit')
  }
}
