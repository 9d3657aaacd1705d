/** What a script hands to `iptables-restore`, `ipset restore` or `nft -f -`, as edits (iptables/iptables-restore.c, 1.8.9). */
import type { Edit } from '../../model/edit.ts'
import { builtInChains } from '../../rules/iptables/built-in.ts'
import { splitWords } from '../../rules/iptables/words.ts'
import { parseIpset } from '../ipset/parse.ts'
import { parseIptables } from '../iptables/parse.ts'
import { editsOf as nftEdits } from '../nft/parse.ts'
import { CommandProblem } from '../problem.ts'
import type { ShellWord } from '../shell.ts'

export interface RestoreStep {
  edit?: Edit
  /** Where `edit` is refused: a chain that is there already is emptied. */
  otherwise?: Edit
  problem?: CommandProblem
}

/** Undefined where the command is no such tool. */
export function restoreEdits([tool, ...options]: readonly ShellWord[], text: string): RestoreStep[] | undefined {
  const name = tool?.text.replace(/^.*\//, '') ?? ''
  const [, six] = /^ip(6?)tables(?:-legacy|-nft)?-restore$/.exec(name) ?? []
  if (six !== undefined) {
    const keeps = options.some((option) => /^(-n|--noflush)$/.test(option.text))
    return rulesOf(text, six === '6' ? 'ip6' : 'ip', keeps, tool!)
  }
  if (
    name === 'nft' &&
    options.some((option, i) => option.text === '-' && /^(?:-\w*f|--file)$/.test(options[i - 1]?.text ?? ''))
  )
    return attempt(() => nftEdits(text, () => tool!).map((edit) => ({ edit })))
  if (name !== 'ipset' || !options.some((option) => /^(restore|-R|--restore)$/.test(option.text))) return undefined
  const exist = options.filter((option) => /^(-exist|-!|--exist)$/.test(option.text))
  return linesOf(text).flatMap((line) =>
    attempt(() => parseIpset([...wordsOf(line), ...exist], tool!).map((edit) => ({ edit }))),
  )
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#') && line !== 'COMMIT')

const wordsOf = (line: string): ShellWord[] => splitWords(line).map((text) => ({ text, column: 1 }))

function attempt(read: () => RestoreStep[]): RestoreStep[] {
  try {
    return read()
  } catch (problem) {
    if (problem instanceof CommandProblem) return [{ problem }]
    throw problem
  }
}

function rulesOf(text: string, family: 'ip' | 'ip6', keeps: boolean, tool: ShellWord): RestoreStep[] {
  let table = 'filter'
  return linesOf(text).flatMap((line): RestoreStep[] => {
    if (line.startsWith('*')) {
      table = line.slice(1)
      const base = { kind: 'chain', family, table } as const
      return keeps ? [] : [{ edit: { ...base, op: 'flush' } }, { edit: { ...base, op: 'delete' } }]
    }
    const [, chain, policy] = /^:(\S+) (\S+)/.exec(line) ?? []
    if (chain !== undefined) return chainSteps(chain, policy!, family, table)
    const words = wordsOf(line.replace(/^\[(\d+):(\d+)\]\s*(.*)$/, '$3 -c $1 $2'))
    const named = words.some((word) => word.text === '-t') ? [] : wordsOf(`-t ${table}`)
    return attempt(() => parseIptables([...named, ...words], family, tool).map((edit) => ({ edit })))
  })
}

function chainSteps(chain: string, policy: string, family: 'ip' | 'ip6', table: string): RestoreStep[] {
  const base = { kind: 'chain', family, table, chain } as const
  if (!builtInChains(table)?.includes(chain))
    return [{ edit: { ...base, op: 'new' }, otherwise: { ...base, op: 'flush' } }]
  if (policy !== 'ACCEPT' && policy !== 'DROP') return []
  return [{ edit: { ...base, op: 'policy', policy: policy === 'DROP' ? 'drop' : 'accept' } }]
}
