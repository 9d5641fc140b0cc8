using Verathos.Enclave.OpenAi;
using Verathos.Enclave.Serving;
using Verathos.GpuRuntime.Chat;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.Enclave.Sessions;

/// <summary>Turns a request's prompt into token ids.</summary>
internal static class PromptReader
{
    /// <summary>Reads the prompt.</summary>
    /// <returns>Null, or the error.</returns>
    public static ApiError? TryRead(ApiRequest request, ServedModel model, out int[]? ids)
    {
        ids = null;
        Tokenizer tokenizer = model.Loaded.Tokenizer;
        if (request.Endpoint == ApiEndpoint.Completions)
        {
            if (request.PromptIds is { } given)
            {
                foreach (int id in given.Span)
                {
                    if (id >= tokenizer.VocabularySize)
                    {
                        return ApiError.Invalid("invalid_parameter", "prompt", $"The token ids of 'prompt' must be below {tokenizer.VocabularySize}.");
                    }
                }

                ids = given.Span.ToArray();
                return null;
            }

            ids = tokenizer.EncodePrompt(request.Prompt!);
            return ids.Length > 0 ? null : ApiError.Invalid("invalid_parameter", "prompt", "The prompt is empty.");
        }

        if (model.Loaded.Chat is not { } template)
        {
            return ApiError.Invalid("no_chat_template", "messages", "This model has no chat template; use /v1/completions.");
        }

        try
        {
            ids = template.Encode([.. request.Messages.Select(message => new ChatMessage(message.Role, message.Content))], tokenizer);
            return null;
        }
        catch (ChatFormatException e)
        {
            return ApiError.Invalid("invalid_parameter", "messages", $"The messages do not fit: {e.Message}.");
        }
    }
}
