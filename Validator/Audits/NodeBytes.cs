using System.Formats.Cbor;
using System.Text.Json;

namespace Verathos.Validator.Audits;

/// <summary>
/// Judges what a node sent. What makes a judge throw is rejected like what is malformed: in a judgement everything of this validator's own
/// (keys, weights, limits) was read before, so that what throws can only be the node's. What a disk, a memory, a state or a
/// cancellation throws is never taken for the node's.
/// </summary>
internal static class NodeBytes
{
    /// <summary>Runs a judgement that is closed by default.</summary>
    /// <param name="judge">Reads nothing of this validator's that may be missing.</param>
    /// <param name="malformed">What it says of bytes that are none.</param>
    public static T Judge<T>(Func<T> judge, T malformed)
    {
        try
        {
            return judge();
        }
        catch (Exception e) when (AreToBlame(e))
        {
            return malformed;
        }
    }

    /// <summary>Whether something thrown while a node's bytes were judged is due to them.</summary>
    public static bool AreToBlame(Exception thrown) => IsOfReading(thrown)
        || thrown is ArithmeticException or ArgumentException or IndexOutOfRangeException or (InvalidOperationException and not ObjectDisposedException);

    /// <summary>Whether something thrown by a call says that bytes could not be read, wherever in the call that was.</summary>
    public static bool IsOfReading(Exception thrown) => thrown is FormatException or JsonException or CborContentException;
}
