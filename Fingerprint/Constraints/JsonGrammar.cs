using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;

namespace Verathos.Fingerprint.Constraints;

/// <summary>What an answer may be, byte by byte: any JSON object, or what a JSON Schema allows. Wiped on <see cref="Dispose"/>.</summary>
public sealed class JsonGrammar : IDisposable
{
    /// <summary>The longest schema in bytes.</summary>
    public const int MaximumSchemaBytes = 32 * 1024;

    private JsonGrammar(int root, int[] symbols, int[][] starts) => (Root, Symbols, Starts) = (root & ~GrammarBuilder.RuleFlag, symbols, starts);

    internal int Root { get; }

    internal int[] Symbols { get; }

    internal int[][] Starts { get; }

    /// <summary>Any JSON object.</summary>
    public static JsonGrammar AnyObject()
    {
        GrammarBuilder builder = new();
        JsonRules json = new(builder);
        int root = builder.NewRule([json.Space, json.Object]);
        (int[] symbols, int[][] starts) = builder.Build(root)!.Value;
        return new JsonGrammar(root, symbols, starts);
    }

    /// <summary>Compiles a schema.</summary>
    /// <param name="schema">UTF-8 JSON, at most <see cref="MaximumSchemaBytes"/>.</param>
    /// <param name="grammar">The grammar; the caller disposes it.</param>
    /// <param name="error">What is not supported, where this returns false.</param>
    public static bool TryCompile(ReadOnlyMemory<byte> schema, [NotNullWhen(true)] out JsonGrammar? grammar, [NotNullWhen(false)] out GrammarError? error)
    {
        grammar = null;
        error = null;
        if (schema.Length > MaximumSchemaBytes)
        {
            error = new GrammarError("schema", $"it is longer than {MaximumSchemaBytes} bytes");
            return false;
        }

        GrammarBuilder builder = new();
        try
        {
            if (!Utf8.IsValid(schema.Span))
            {
                error = new GrammarError("schema", "it is not UTF-8");
                return false;
            }

            using JsonDocument document = JsonDocument.Parse(schema, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 128 });
            JsonRules json = new(builder);
            int root = builder.NewRule([json.Space, new SchemaCompiler(builder, json, document.RootElement).Compile()]);
            if (builder.Build(root) is not { } built)
            {
                error = new GrammarError("schema", "no finite value satisfies it");
                return false;
            }

            grammar = new JsonGrammar(root, built.Symbols, built.Starts);
            return true;
        }
        catch (GrammarException exception)
        {
            error = exception.Error;
            return false;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Not JSON, a member twice, or half of a surrogate pair.
            error = new GrammarError("schema", "it is not JSON that names each member once");
            return false;
        }
        finally
        {
            builder.Wipe();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Array.Clear(Symbols);
}
