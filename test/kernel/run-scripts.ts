/** Scripts run by a shell in namespaces of their own, and what they leave behind. */
import { shellWord } from '../../src/model/command.ts'
import { ipsetSave } from '../../src/read/host/ipset-save.ts'
import { outlineOf } from '../read/rulesets/scripts.ts'
import { runInNamespace } from './namespaces.ts'

/** `iptables` means the legacy backend, whose listing shows all. */
const TOOLS = `
T=$(mktemp -d); trap 'rm -r $T' EXIT
for t in iptables ip6tables iptables-restore ip6tables-restore; do
  case $t in *-restore) legacy=\${t%-restore}-legacy-restore ;; *) legacy=$t-legacy ;; esac
  ln -s "$(command -v $legacy)" $T/$t
done
PATH=$T:$PATH`

export interface Left {
  outline: string
  /** What the tools said on standard error. */
  errors: string
}

export function runScripts(scripts: readonly string[]): Left[] {
  const jobs = scripts.map((script) => {
    const inside = [TOOLS, `sh -c ${shellWord(script)} 2>&1 >/dev/null`, 'echo @LEFT']
    const lists = ['echo "# ip"; iptables-legacy-save', 'echo "# ip6"; ip6tables-legacy-save', 'echo @SETS; ipset save']
    return `unshare --net sh -c ${shellWord([...inside, ...lists].join('\n'))}\necho @END`
  })
  return runInNamespace(jobs.join('\n'))
    .split('@END\n')
    .slice(0, scripts.length)
    .map((text) => {
      const [errors = '', left = ''] = text.split('@LEFT\n')
      const [rules = '', saved = ''] = left.split('@SETS\n')
      const { sets = [] } = ipsetSave.read(saved, () => {})
      const lines = sets.map(
        ({ name, type, elements }) => `${name} ${type}: ${elements.map(({ parts }) => parts.join()).sort()}`,
      )
      return { outline: outlineOf([rules, ...lines].join('\n')), errors }
    })
}
