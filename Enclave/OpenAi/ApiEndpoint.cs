namespace Verathos.Enclave.OpenAi;

/// <summary>Which of OpenAI's two generating interfaces a request uses.</summary>
public enum ApiEndpoint
{
    /// <summary><c>POST /v1/chat/completions</c>.</summary>
    ChatCompletions,

    /// <summary><c>POST /v1/completions</c>.</summary>
    Completions,
}
