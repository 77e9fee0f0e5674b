"""What the scripted traders say, in English and Chinese. Texts only; `{}` fields are filled in by the traders."""

from collections.abc import Mapping

Texts = Mapping[str, str]

ENGLISH: Texts = {
    "no_state": "The prompt shows no market that I can read, so I hold.",
    "hold_only": "I never trade. Holding.",
    "nothing": "No setup worth the fee right now; staying as I am.",
    "held": "Position is {gain:+.2%}; the reason for it still stands.",
    "trend_in": "EMA20 is {way} EMA50 by {trend:.1f} ATR; riding it with a wide stop.",
    "trend_out": "EMA20 has crossed EMA50 against the position; the trend is over.",
    "trend_wrong": "A close beyond the stop, or EMA20 crossing back over EMA50.",
    "mean_in": "Price is {stretch:+.1f} standard deviations from its mean with RSI {rsi:.0f}; fading the move back to the average.",
    "mean_out": "Price is back at its mean with RSI {rsi:.0f}; the easy part is done.",
    "mean_wrong": "The move goes on and the distance from the mean keeps growing.",
    "break_in": "Price {way} the range of the last {bars} bars; joining early with size.",
    "break_out": "Price fell back into the range; the breakout failed.",
    "break_wrong": "Price returns to the middle of the range.",
    "dip_in": "Down {fall:.2%} from the recent high with RSI {rsi:.0f}; buying the dip.",
    "dip_wrong": "The fall accelerates below the stop.",
    "patient_in": "I want to own this for a long time; small leverage, far stop.",
    "patient_hold": "Nothing has changed over the horizon I care about. Holding.",
    "patient_wrong": "The long-term level in the stop gives way.",
    "coin_in": "The coin says {side}. It has been wrong before.",
    "coin_out": "The coin says out.",
    "coin_wrong": "None; it is a coin.",
    "above": "above",
    "below": "below",
    "broke_up": "has broken above",
    "near_up": "is pressing on the top of",
    "broke_down": "has broken below",
    "near_down": "is pressing on the bottom of",
    "long": "long",
    "short": "short",
    "summary_hold": "Holding {count} position(s); equity {equity:.2f} USDT.",
    "summary_act": "{opens} new, {closes} closed; equity {equity:.2f} USDT.",
    "think_start": "Equity {equity:.2f} USDT, {available:.2f} available, {count} position(s) open. ",
    "think_coin": "{symbol}: price {last:g}, EMA20 {ema20:g}, EMA50 {ema50:g}, RSI {rsi:.0f}. ",
    "think_end": "After the fee of {fee:.2%} a side, I choose: {choice}",
}

CHINESE: Texts = {
    "no_state": "提示中没有可读取的行情,本轮持有不动。",
    "hold_only": "我从不交易,持有不动。",
    "nothing": "目前没有值得付手续费的机会,维持现状。",
    "held": "持仓盈亏 {gain:+.2%},开仓理由仍然成立。",
    "trend_in": "EMA20 在 EMA50 {way},相距 {trend:.1f} 个 ATR;顺势而为,止损放宽。",
    "trend_out": "EMA20 已反向穿越 EMA50,趋势结束,离场。",
    "trend_wrong": "收盘越过止损,或 EMA20 再次反向穿越 EMA50。",
    "mean_in": "价格偏离均值 {stretch:+.1f} 个标准差,RSI 为 {rsi:.0f};反向操作,等待回归均值。",
    "mean_out": "价格已回到均值附近,RSI 为 {rsi:.0f};容易赚的部分已经到手。",
    "mean_wrong": "行情继续延伸,偏离越来越大。",
    "break_in": "价格{way}最近 {bars} 根K线的区间,尽早跟进。",
    "break_out": "价格跌回区间之内,突破失败。",
    "break_wrong": "价格回到区间中部。",
    "dip_in": "较近期高点回落 {fall:.2%},RSI 为 {rsi:.0f};逢低买入。",
    "dip_wrong": "跌势加速并跌破止损。",
    "patient_in": "打算长期持有;低杠杆,止损放远。",
    "patient_hold": "在我关注的周期内没有任何变化,继续持有。",
    "patient_wrong": "跌破止损处的长期支撑。",
    "coin_in": "硬币说{side}。它以前也错过。",
    "coin_out": "硬币说离场。",
    "coin_wrong": "没有;这只是一枚硬币。",
    "above": "上方",
    "below": "下方",
    "broke_up": "向上突破",
    "near_up": "逼近上沿:",
    "broke_down": "向下跌破",
    "near_down": "逼近下沿:",
    "long": "做多",
    "short": "做空",
    "summary_hold": "持有 {count} 个仓位;权益 {equity:.2f} USDT。",
    "summary_act": "新开 {opens} 个,平仓 {closes} 个;权益 {equity:.2f} USDT。",
    "think_start": "权益 {equity:.2f} USDT,可用 {available:.2f},持有 {count} 个仓位。",
    "think_coin": "{symbol}:价格 {last:g},EMA20 {ema20:g},EMA50 {ema50:g},RSI {rsi:.0f}。",
    "think_end": "考虑单边 {fee:.2%} 的手续费后,我的选择是:{choice}",
}


def texts(language: str) -> Texts:
    """Texts of a language; English for all but Chinese."""
    return CHINESE if language.startswith("zh") else ENGLISH


RAMBLE = (
    "Well, markets go up and markets go down, don't they? My grandmother sold umbrellas, and she always said that rain is a bull market. "
    'So {I would maybe buy some, or sell some, "notional": about a few hundred?, "leverage": lots} and then have lunch. '
    "市场就像天气,谁说得准呢。"
)
