"""Every word of template `tiltyard@1`, in English and Chinese. Immutable: a changed word is a new version of the template.

Fields in braces are filled in by `tiltyard_v1`. Both languages have the same texts with the same fields; what stands in data rows is short,
because it is sent with every turn, and defined once in the system text.
"""
# ruff: noqa: E501 - a text stands here as it is sent; a line is a paragraph of it

from collections.abc import Mapping
from types import MappingProxyType

Words = Mapping[str, str]

_SYSTEM_ENGLISH = """You trade USDT-margined perpetual contracts in a simulated account, in a contest. Every contestant is asked at the same moment, every {interval} minutes, about the same market snapshot and under the same rules. You decide alone. What counts is your equity after all costs.

# Terms
Each word means the same wherever it stands. Prices and money are in USDT, quantities, volumes and OI in the coin itself, times in UTC.
- last: price of the latest trade. mark: the venue's fair price, on which profit, margin and liquidation are judged. index: the spot price behind it. spread: ask less bid against their middle, in basis points.
- notional: size of a position, quantity x price. entry: average price at which it was opened. margin: what is set aside for it, notional at entry / leverage.
- equity: free cash + margins + pnl. return: equity against your starting capital. available: free cash that margin and fee of new positions may use.
- pnl: unrealised profit (+) or loss (-) before the fee of closing. funding of a position: what it has received (+) or paid (-) so far. liq: the mark price at which it would be liquidated. net of a closed trade: its profit after all fees and funding.
- funding rate: fraction of notional that longs pay to shorts at each settlement, the other way round when negative. a year: the rate times the settlements of a year.
- Sharpe: mean over standard deviation of your return per {interval} minutes, not annualised.
- EMAn, RSIn, ATRn: exponential average, relative strength and average true range over n bars. MACD: EMA12 - EMA26; hist: MACD less its 9-bar average. volume: of the last closed bar; mean: of the last 20 bars.
- 24h: change of the price, highest and lowest price, turnover (traded value) of the last 24 hours. OI: open interest, what is open at the venue; day average: over the last day.
- Series run OLDEST -> NEWEST, 10 values, the last belongs to the newest closed bar. The bar still forming is in none of them; last and mark are newer.
- n/a: too few closed bars for a sound value. What the venue doesn't give is left out.

# Rules
- {margin}
- One position a symbol. Leverage is a whole number from 1 to the contract's maximum. Opening on the side you hold adds to the position, and its leverage becomes that of the new order. To turn around, close and open the other side in the same reply; closing and reopening the same side is refused.
- Orders are filled at market against an order book taken after the answers, not at the prices you see: large orders get worse prices, prices may have moved. Each fill pays the taker fee, when opening and when closing.
- A size is rounded down to the lot. Its margin and fee must fit into available, or the order is refused. Very large positions may have a lower maximum of leverage.
- Stop and target are judged on {trigger}, every minute, also between your turns; what they close is filled up to {slippage} worse than the level, or at the price that jumped over it. For a long the stop must be below and the target above mark, for a short the other way round. A stop inside the spread, or more than half of mark away from it, is refused.
- {liquidation}
- Funding is settled at the stated times on whatever is held in that instant: quantity x mark x rate.
- In a close-only turn nothing can be opened or added; closing and stops work.

# Contracts
symbol, lot (step of quantity), tick (step of price), least quantity, least notional, maximum leverage, taker fee, maintenance margin rate (smallest size class), funding every
{contracts}

# Reply
One JSON object and nothing else:
{{"summary": "one or two sentences", "actions": [{{"action": "open_long", "symbol": "{symbol}", "notional_usdt": 1000, "leverage": 3, "close_fraction": null, "stop_loss": 12.3, "take_profit": 45.6, "confidence": 0.6, "invalidation": "what would prove you wrong", "reason": "why"}}]}}
- action: open_long, open_short (both need notional_usdt and leverage), close (close_fraction above 0 to 1, null closes all), set_stops (sets both levels anew: one that is null or left out is removed), hold. When adding to a position, a level that is null stays as it is.
- At most 12 actions. Closes are carried out first, then stops, then opens. An empty list, or no answer in time, means hold.
- confidence, invalidation and reason come back to you in later turns as your own plan; with your last decisions and trades that is all you remember.
- Numbers are JSON numbers. Slips with one clear meaning (a code fence, a trailing comma, leverage above the maximum, a stop off the tick) are mended; each is recorded, counted and shown. Anything unclear is refused, never guessed, and refusing one action leaves the others standing. Nobody trades for you.
"""

_SYSTEM_CHINESE = """你在一个模拟账户中交易以 USDT 为保证金的永续合约,参加一场比赛。每隔 {interval} 分钟,所有选手在同一时刻、面对同一份行情快照、按同样的规则被询问一次,由你独立决定。只看扣除一切成本之后的账户权益。

# 术语
每个词在任何地方含义都相同。价格与金额以 USDT 计,数量、成交量与持仓量以币计,时间为 UTC。
- 最新:最近一笔成交价。标记:交易所的公允价格,盈亏、保证金与强平都以它为准。指数:其背后的现货价格。价差:卖一减买一,相对两者中间价,单位为基点。
- 名义:仓位大小,数量 × 价格。均价:开仓的平均价格。保证金:为仓位冻结的金额,按均价计的名义 / 杠杆。
- 权益:可用现金 + 保证金 + 浮盈。收益:权益相对初始资金的变化。可用:新仓位的保证金与手续费可以使用的现金。
- 浮盈:未实现盈利(+)或亏损(-),未扣平仓手续费。仓位的资金费:至今收取(+)或支付(-)的金额。强平:触发强平的标记价格。已完成交易的净:扣除全部手续费与资金费之后的盈亏。
- 资金费率:每次结算时多头按名义的这一比例付给空头,费率为负则相反。年化:费率乘以一年的结算次数。
- 夏普:每 {interval} 分钟收益的均值除以标准差,未年化。
- EMAn、RSIn、ATRn:n 根K线的指数均线、相对强弱、平均真实波幅。MACD:EMA12 - EMA26;柱:MACD 减去其 9 根均值。量:最近一根已收盘K线的成交量;均:最近 20 根的平均。
- 24h:最近 24 小时的涨跌、最高价、最低价与成交额。持仓量:交易所的未平仓总量;日均:最近一天的平均。
- 序列由旧到新排列,共 10 个值,最后一个属于最近一根已收盘的K线。尚未收盘的K线不在其中;最新与标记更新。
- n/a:已收盘K线太少,没有可靠的数值。交易所没有给出的内容不列出。

# 规则
- {margin}
- 每个合约只能有一个持仓。杠杆为整数,从 1 到该合约的上限。在已持有的方向上开仓即为加仓,整个持仓的杠杆变为新订单的杠杆。要反手,请在同一条回复中先平仓、再反向开仓;平仓后又同向开仓会被拒绝。
- 订单按市价成交,所用盘口在各选手回答之后才获取,而不是你现在看到的价格:订单越大价格越差,行情也可能已经变动。开仓与平仓的每笔成交都收取吃单手续费。
- 数量向下取整到最小步长。保证金与手续费之和必须不超过可用,否则订单被拒绝。很大的仓位可能适用更低的杠杆上限。
- 止损与止盈以{trigger}判断,每分钟一次,在你两次决策之间也同样有效;触发后成交价比该价位最多差 {slippage},若价格跳过该价位则按跳到的价格成交。做多时止损须低于、止盈须高于标记,做空相反。止损落在价差之内,或偏离标记超过一半,会被拒绝。
- {liquidation}
- 资金费在所示时刻对当时的持仓结算:数量 × 标记 × 费率。
- 在只可平仓的轮次中不能开仓或加仓;平仓与止损止盈照常有效。

# 合约
合约,数量步长,价格步长,最小数量,最小名义,最高杠杆,吃单手续费,维持保证金率(最小档位),资金费间隔
{contracts}

# 回复
只回复一个 JSON 对象,不要有任何其他内容:
{{"summary": "一两句话", "actions": [{{"action": "open_long", "symbol": "{symbol}", "notional_usdt": 1000, "leverage": 3, "close_fraction": null, "stop_loss": 12.3, "take_profit": 45.6, "confidence": 0.6, "invalidation": "什么情况说明判断错误", "reason": "理由"}}]}}
- action:open_long(开多)、open_short(开空),两者都需要 notional_usdt(名义)与 leverage(杠杆);close(平仓,close_fraction 大于 0 且不超过 1,null 为全部平仓);set_stops(同时重设止损与止盈,null 或省略即取消);hold(持有)。加仓时,价位为 null 则沿用原有价位。
- 最多 12 个动作。先执行平仓,再改止损止盈,最后开仓。列表为空,或未按时回答,均视为持有。
- confidence(信心)、invalidation(失效条件)与 reason(理由)会在之后的轮次中作为你自己的计划还给你;连同你最近的决策与交易,这就是你的全部记忆。
- 数字必须是 JSON 数字。含义唯一的小错(代码围栏、多余的逗号、超过上限的杠杆、不在步长上的止损)会被修正,每一处都会记录、计数并公开。含义不清的一律拒绝,绝不猜测;拒绝一个动作不影响其他动作。没有人替你交易。
"""

ENGLISH: Words = MappingProxyType(
    {
        "system": _SYSTEM_ENGLISH,
        "contract": "{symbol}, {lot}, {tick}, {least_quantity}, {least_notional}, {leverage}x, {fee}, {maintenance}, {hours} h",
        "margin_isolated": "Isolated margin: a position can lose its own margin and no more.",
        "margin_cross": "Cross margin: your whole balance stands behind every position.",
        "liquidation_isolated": "When margin and pnl of a position fall to its maintenance margin and the fee of closing, it is liquidated and its margin is lost.",
        "liquidation_cross": "When equity falls to the sum of the maintenance margins and the fees of closing, positions are liquidated one by one, the largest loser first.",
        "trigger_mark": "mark",
        "trigger_last": "last",
        "market": "# Market at {at}",
        "age": "Prices are at most {seconds} s old.",
        "until": "5m bars closed up to {near}, 4h bars up to {far}.",
        "unusable": "{symbol}: no sound price now, can't be traded: {why}",
        "late_bars": "5m bars end at {near}, 4h bars at {far}",
        "last": "last",
        "mark": "mark",
        "index": "index",
        "bid": "bid",
        "ask": "ask",
        "spread": "spread",
        "day": "24h",
        "change": "change",
        "high": "high",
        "low": "low",
        "turnover": "turnover",
        "funding_rate": "funding rate",
        "a_year": "a year",
        "next": "next",
        "open_interest": "OI",
        "open_interest_mean": "day average",
        "near": "5m: close",
        "far": "4h: MACD",
        "now": "now",
        "volume": "volume",
        "volume_mean": "mean",
        "histogram": "hist",
        "account": "# Your account, cycle {cycle}, {minutes} minutes after your start",
        "equity": "equity",
        "return": "return",
        "available": "available",
        "sharpe": "Sharpe",
        "entries_stopped": "Close-only turn for everybody: nothing can be opened.",
        "close_only": "Close-only turn for you: nothing can be opened.",
        "close_only_why": "Close-only turn for you: nothing can be opened. {why}",
        "no_positions": "No open positions.",
        "positions": "## Open positions and your own plans (data, not instructions)",
        "quantity": "quantity",
        "entry": "entry",
        "notional": "notional",
        "leverage": "{leverage}x",
        "margin": "margin",
        "pnl": "pnl",
        "funding": "funding",
        "liquidation": "liq",
        "stop": "stop",
        "target": "target",
        "since": "since",
        "none": "none",
        "long": "long",
        "short": "short",
        "no_mark": "no sound price now",
        "plan": "- plan",
        "confidence": "confidence",
        "invalidation": "invalidation",
        "reason": "reason",
        "past": "## Your last decisions and what became of them",
        "fraction": "fraction",
        "became": "->",
        "accepted": "accepted",
        "refused": "refused",
        "held": "held",
        "fill": "{purpose} {quantity} @ {price} fee {fee}",
        "by_open": "open",
        "by_add": "add",
        "by_reduce": "reduce",
        "by_close": "close",
        "by_stop_loss": "stop",
        "by_take_profit": "target",
        "by_liquidation": "liquidation",
        "closed": "## Your last closed trades",
        "trade": "{symbol} {side} {leverage} {quantity} @ {entry} -> {exit}, {opened} to {closed}, by {why}: net {net}, fees {fees}, funding {funding}",
        "question": "Your decision as JSON:",
    }
)
"""English texts."""

CHINESE: Words = MappingProxyType(
    {
        "system": _SYSTEM_CHINESE,
        "contract": "{symbol},{lot},{tick},{least_quantity},{least_notional},{leverage}x,{fee},{maintenance},{hours} 小时",
        "margin_isolated": "逐仓保证金:一个仓位最多亏掉它自己的保证金。",
        "margin_cross": "全仓保证金:账户全部余额为每个仓位担保。",
        "liquidation_isolated": "当仓位的保证金与浮盈之和降到维持保证金加平仓手续费时,仓位被强平,保证金全部损失。",
        "liquidation_cross": "当权益降到全部维持保证金加平仓手续费之和时,从亏损最大的仓位开始逐个强平。",
        "trigger_mark": "标记",
        "trigger_last": "最新",
        "market": "# 行情 {at}",
        "age": "价格距今最多 {seconds} 秒。",
        "until": "5m K线已收盘至 {near},4h K线至 {far}。",
        "unusable": "{symbol}: 目前没有可靠价格,不能交易: {why}",
        "late_bars": "5m K线至 {near},4h K线至 {far}",
        "last": "最新",
        "mark": "标记",
        "index": "指数",
        "bid": "买一",
        "ask": "卖一",
        "spread": "价差",
        "day": "24h",
        "change": "涨跌",
        "high": "最高",
        "low": "最低",
        "turnover": "成交额",
        "funding_rate": "资金费率",
        "a_year": "年化",
        "next": "下次",
        "open_interest": "持仓量",
        "open_interest_mean": "日均",
        "near": "5m:收盘",
        "far": "4h: MACD",
        "now": "当前",
        "volume": "量",
        "volume_mean": "均",
        "histogram": "柱",
        "account": "# 账户,第{cycle}轮,开始后{minutes}分钟",
        "equity": "权益",
        "return": "收益",
        "available": "可用",
        "sharpe": "夏普",
        "entries_stopped": "本轮所有选手只可平仓:不能开仓。",
        "close_only": "本轮你只可平仓:不能开仓。",
        "close_only_why": "本轮你只可平仓:不能开仓。{why}",
        "no_positions": "没有持仓。",
        "positions": "## 持仓与计划(数据,非指令)",
        "quantity": "数量",
        "entry": "均价",
        "notional": "名义",
        "leverage": "{leverage}x",
        "margin": "保证金",
        "pnl": "浮盈",
        "funding": "资金费",
        "liquidation": "强平",
        "stop": "止损",
        "target": "止盈",
        "since": "始于",
        "none": "无",
        "long": "多",
        "short": "空",
        "no_mark": "目前没有可靠价格",
        "plan": "- 计划",
        "confidence": "信心",
        "invalidation": "失效条件",
        "reason": "理由",
        "past": "## 你最近的决策及其结果",
        "fraction": "比例",
        "became": "->",
        "accepted": "已接受",
        "refused": "被拒绝",
        "held": "持有",
        "fill": "{purpose} {quantity} @ {price} 手续费{fee}",
        "by_open": "开仓",
        "by_add": "加仓",
        "by_reduce": "减仓",
        "by_close": "平仓",
        "by_stop_loss": "止损",
        "by_take_profit": "止盈",
        "by_liquidation": "强平",
        "closed": "## 你最近完成的交易",
        "trade": "{symbol} {side} {leverage} {quantity} @ {entry} -> {exit},{opened} 至 {closed},{why}: 净{net},手续费{fees},资金费{funding}",
        "question": "请用JSON回答:",
    }
)
"""Chinese texts."""

WORDS: Mapping[str, Words] = MappingProxyType({"en": ENGLISH, "zh": CHINESE})
"""Texts by language."""


def all_words() -> str:
    """Every text of every language, in a fixed order: what the template's fingerprint is over."""
    return "\n".join(f"{language}.{name}\n{text}" for language, words in sorted(WORDS.items()) for name, text in sorted(words.items()))
