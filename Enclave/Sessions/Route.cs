using Verathos.Enclave.OpenAi;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Requests;

namespace Verathos.Enclave.Sessions;

/// <summary>Which operation an inner request asks for.</summary>
internal static class Route
{
    /// <summary>Finds the operation.</summary>
    /// <param name="request">The inner request.</param>
    /// <param name="endpoint">The generating interface, or null for the list of models.</param>
    /// <returns>Null, or the error.</returns>
    public static ApiError? Find(BinaryRequest request, out ApiEndpoint? endpoint)
    {
        endpoint = request.Path switch
        {
            VerathosPaths.ChatCompletions => ApiEndpoint.ChatCompletions,
            VerathosPaths.Completions => ApiEndpoint.Completions,
            _ => null,
        };
        if (endpoint is null && request.Path != VerathosPaths.Models)
        {
            return ApiError.NotFound();
        }

        string method = endpoint is null ? "GET" : "POST";
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
