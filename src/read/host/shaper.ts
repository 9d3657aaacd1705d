/** A packet larger than its burst never leaves by tbf (net/sched/sch_tbf.c, tbf_enqueue); netem loses what it is told to. */
const SHAPERS = ['tbf', 'htb', 'hfsc', 'netem']

export const shaperOf = (qdisc: string | undefined): string | undefined => SHAPERS.find((one) => one === qdisc)
