using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Verathos.Enclave.Memory;

/// <summary>Wipes the strings that a prompt has to pass through on its way into the tokenizer.</summary>
internal static class SecretText
{
    /// <summary>
    /// Zeroes a string in place. Only for strings that this code has just made and nobody else holds: never for literals,
    /// interned strings or keys of a dictionary.
    /// </summary>
    public static void Wipe(string? text)
    {
        // One-character and empty strings may be shared by the runtime.
        if (text is { Length: > 1 } && !ReferenceEquals(string.IsInterned(text), text))
        {
            ref char first = ref MemoryMarshal.GetReference(text.AsSpan());
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref first, text.Length)));
        }
    }
}
