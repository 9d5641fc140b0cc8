using Verathos.Enclave.OpenAi;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Requests;

namespace Verathos.Enclave.Sessions;

/// <summary>Which operation an inner request asks for.</summary>
internal static class Route
{
    /// <summary>Finds the operation.</summary>
    /// <param name="request">The inner request.</param>
    /// <param name="operation">The operation.</param>
    /// <returns>Null, or the error.</returns>
    public static ApiError? Find(BinaryRequest request, out Operation operation)
    {
        operation = Operation.Models;
        Operation? found = request.Path switch
        {
            VerathosPaths.ChatCompletions => Operation.ChatCompletions,
            VerathosPaths.Completions => Operation.Completions,
            VerathosPaths.Openings => Operation.Openings,
            VerathosPaths.Models => Operation.Models,
            _ => null,
        };
        if (found is null)
        {
            return ApiError.NotFound();
        }

        operation = found.Value;
        string method = operation == Operation.Models ? "GET" : "POST";
        if (request.Method != method)
        {
            return ApiError.MethodNotAllowed(method);
        }

        // Nothing is unpacked in here: a small body that grows is an attack.
        return request.SingleField("content-encoding") is null or "identity"
            ? null
            : ApiError.Invalid("unsupported_encoding", "content-encoding", "Send the body as it is, without content encoding.");
    }
}
