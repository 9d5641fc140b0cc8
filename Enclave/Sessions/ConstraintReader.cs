using Verathos.Enclave.OpenAi;
using Verathos.Enclave.Serving;
using Verathos.Fingerprint.Constraints;

namespace Verathos.Enclave.Sessions;

/// <summary>Makes the constraint that a response format asks for.</summary>
internal static class ConstraintReader
{
    /// <summary>Compiles the format.</summary>
    /// <param name="request">The request.</param>
    /// <param name="model">Whose vocabulary writes the answer.</param>
    /// <param name="constraint">The constraint, which the caller disposes; null for plain text.</param>
    /// <returns>Null, or the error.</returns>
    public static ApiError? TryRead(ApiRequest request, ServedModel model, out TokenConstraint? constraint)
    {
        constraint = null;
        if (request.ResponseFormat is not { } format)
        {
            return null;
        }

        JsonGrammar? grammar;
        if (format.Schema is not { } schema)
        {
            grammar = JsonGrammar.AnyObject();
        }
        else if (!JsonGrammar.TryCompile(schema.Memory, out grammar, out GrammarError? error))
        {
            return ApiError.UnsupportedSchema(error.Keyword.StartsWith('/') ? error.Keyword : string.Empty, error.Why);
        }

        constraint = new TokenConstraint(grammar, model.Vocabulary, model.Loaded.StopIds);
        try
        {
            // The first mask is needed anyway, and a vocabulary that cannot begin is told at once.
            if (!constraint.IsExhausted)
            {
                return null;
            }
        }
        catch (ConstraintException)
        {
            // Said below.
        }

        constraint.Dispose();
        constraint = null;
        return ApiError.UnsupportedSchema(string.Empty, "the model's vocabulary cannot write it, or its alternatives begin alike in too many ways");
    }
}
