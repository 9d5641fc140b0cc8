namespace Verathos.Host.Logs;

/// <summary>Why a sealed request or its answer ended before its end.</summary>
internal enum CutReason
{
    None,
    ClientGone,
    BodyTooLong,
    BodyTooSlow,
    BodyBroken,
    ClientTooSlow,
    AnswerTooLong,
    EnclaveLost,
    Draining,
}
