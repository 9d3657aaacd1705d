"""The straightforward way: read the ruleset, read the log line by line, print each line's rule.

    python3 bench/decode.py RULES LOG
"""
import re
import sys

rules, table = {}, None
for line in open(sys.argv[1]):
    line = line.strip()
    if line.startswith("*"):
        table = line[1:]
    elif "-A " in line:
        rule = line[line.index("-A ") :]
        chain = rule.split()[1]
        rules.setdefault((table, chain), []).append(rule)

pattern = re.compile(r"TRACE: (\S+?):(\S+):(rule|return|policy):(\d+) ")
for line in open(sys.argv[2]):
    match = pattern.search(line)
    if not match:
        continue
    table, chain, kind, number = match.groups()
    chain_rules = rules.get((table, chain), [])
    index = int(number) - 1
    text = chain_rules[index] if index < len(chain_rules) else kind
    print(f"{table}:{chain}:{number} {text}")
