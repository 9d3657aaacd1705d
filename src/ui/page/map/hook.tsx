/** One hook: its chains, and what happened in them. */
import type { WayOf } from '../../protocol.ts'
import { showStep, stepId } from '../explanation/steps.tsx'
import { type Box, type Chain, LINE, type Note } from './boxes.ts'

interface HookProps {
  box: Box
  gutter: number
  unfolded: ReadonlySet<string>
  onToggle(key: string): void
}

export function Hook({ box, gutter, unfolded, onToggle }: HookProps) {
  const { x, y, width, height, hook, way, chains } = box
  const left = x + gutter
  return (
    <g class={chains.some(({ isMet }) => isMet) ? 'hook met' : 'hook'} data-hook={`${way} ${hook}`}>
      <rect x={x} y={y} width={width} height={height} rx={5} />
      <text class="name" x={left} y={y + 15}>
        {way !== 'ip' ? `${way} ${hook}` : hook === 'ingress' || hook === 'egress' ? `inet ${hook}` : hook}
      </text>
      {chains.map((chain, i) => (
        <g key={chain.key ?? i} data-chain={chain.key}>
          <ChainName chain={chain} x={left} isOpen={unfolded.has(chain.key ?? '')} onToggle={onToggle} />
          {chain.notes.map((note, at) => (
            <Told key={at} note={note} x={left} />
          ))}
        </g>
      ))}
    </g>
  )
}

function Rows({ of, x, y }: { of: readonly string[]; x: number; y: number }) {
  return (
    <>
      {of.map((row, i) => (
        <tspan key={i} x={x} y={y + 12 + i * LINE}>
          {/* read as words of their own */}
          {`${row} `}
        </tspan>
      ))}
    </>
  )
}

/** Ways whose steps stand below the map as well, and lead there. */
const LEADS: readonly WayOf['kind'][] = ['request', 'a', 'b']

function Told({ note: { kind, rows, y, step, way }, x }: { note: Note; x: number }) {
  const words = (
    <text class={`${kind} ${kind === 'end' ? way.mark : ''} ${step.isCulprit ? 'culprit' : ''}`}>
      <Rows of={rows} x={x} y={y} />
      <title>{kind === 'change' ? step.changes.join(', ') : `${step.name} ${step.rule ?? ''}`}</title>
    </text>
  )
  if (kind !== 'step' || !LEADS.includes(way.kind)) return words
  return (
    <a href={`#${stepId(step)}`} onClick={showStep}>
      {words}
    </a>
  )
}

interface NameProps {
  chain: Chain
  x: number
  isOpen: boolean
  onToggle(key: string): void
}

function ChainName({ chain: { name, rows, title, y, key, isMet }, x, isOpen, onToggle }: NameProps) {
  const shown = isOpen ? rows.map((row) => row.replace('▸', '▾')) : rows
  const words = (
    <text class={key === undefined ? 'core' : isMet ? 'chain met' : 'chain'}>
      <Rows of={shown} x={x} y={y} />
      <title>{`${name}: ${title}`}</title>
    </text>
  )
  if (!isMet || key === undefined) return words
  const act = () => onToggle(key)
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button
    <g
      class="fold"
      role="button"
      tabindex={0}
      aria-expanded={isOpen}
      aria-label={`${name}: ${isOpen ? 'fold' : 'show'} the rules that the packet met`}
      onClick={act}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return
        event.preventDefault()
        event.stopPropagation()
        act()
      }}
    >
      {words}
    </g>
  )
}
