using System.Buffers;
using Verathos.Enclave.OpenAi;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Requests;

namespace Verathos.Enclave.Sessions;

/// <summary>The three fields that every sealed request adds to OpenAI's interface.</summary>
/// <param name="Binding">The binding that the client verified, 48 bytes.</param>
/// <param name="ClientNonce">32 bytes of the client's.</param>
/// <param name="AuditCommitment">SHA-256 of the client's audit secret.</param>
internal sealed record InnerHeaders(byte[] Binding, byte[] ClientNonce, byte[] AuditCommitment)
{
    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    /// <summary>Reads the fields; the first that is missing, repeated or misshapen is the error.</summary>
    public static bool TryRead(BinaryRequest request, out InnerHeaders? headers, out ApiError? error)
    {
        byte[] nonce = [];
        byte[] commitment = [];
        error = Read(request, VerathosHeaders.Binding, 48, out byte[] binding)
            ?? Read(request, VerathosHeaders.ClientNonce, 32, out nonce)
            ?? Read(request, VerathosHeaders.AuditCommitment, 32, out commitment);
        headers = error is null ? new InnerHeaders(binding, nonce, commitment) : null;
        return error is null;
    }

    private static ApiError? Read(BinaryRequest request, string name, int length, out byte[] value)
    {
        value = new byte[length];
        string? text = request.SingleField(name);
        return text is not null && text.Length == 2 * length && !text.AsSpan().ContainsAnyExcept(LowerHex)
            && Convert.FromHexString(text, value, out _, out _) == OperationStatus.Done
            ? null
            : ApiError.Invalid("invalid_header", name, $"The field '{name}' must be there once, with {length} bytes in lower-case hex.");
    }
}
