using System.Text;
using System.Text.Json;
using CsCheck;
using Verathos.Fingerprint.Constraints;

namespace Verathos.Fingerprint.Tests.Constraints;

public sealed class JsonGrammarTests
{
    // Every byte, some words with common beginnings, and one id without text that ends an answer.
    private static readonly string[] Words = ["{\"", "\":", "\": ", "tr", "true", "fals", "null", "ab", "abc", "\",\"", "}}", "]", "12", "1.5", "é", "\n  ", "\\u00", "\"}"];
    private static readonly byte[][] Vocabulary = [.. Enumerable.Range(0, 256).Select(i => new[] { (byte)i }), .. Words.Select(Encoding.UTF8.GetBytes), []];
    private static readonly int Stop = Vocabulary.Length - 1;
    private static readonly TokenIndex Index = new(Vocabulary.Length, static id => Vocabulary[id]);

    private static TokenConstraint Constrain(string schema)
    {
        Assert.True(JsonGrammar.TryCompile(Encoding.UTF8.GetBytes(schema), out JsonGrammar? grammar, out GrammarError? error), error?.ToString());
        return new TokenConstraint(grammar, Index, [Stop]);
    }

    private static bool Accepts(TokenConstraint constraint, string text)
    {
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            if (!constraint.Append(value))
            {
                return false;
            }
        }

        return constraint.MayEnd;
    }

    private static bool Accepts(string schema, string text)
    {
        using TokenConstraint constraint = Constrain(schema);
        return Accepts(constraint, text);
    }

    [Theory]
    [InlineData("""{"type":"string"}""", "\"a\\n\\u00e9é\"", "\"a\nb\"")]
    [InlineData("""{"type":"string"}""", "\"\\ud7ff\"", "\"\\ud800\"")]
    [InlineData("""{"type":"string","maxLength":2}""", "\"éé\"", "\"abc\"")]
    [InlineData("""{"type":"string","minLength":2}""", "\"ab\"", "\"a\"")]
    [InlineData("""{"type":"string","minLength":2,"maxLength":2}""", "\"ab\"", "\"abc\"")]
    [InlineData("""{"type":"integer"}""", "-120", "01")]
    [InlineData("""{"type":"integer"}""", "0", "1.0")]
    [InlineData("""{"type":"number"}""", "-1.50e+10", "1.")]
    [InlineData("""{"type":"number"}""", "12", ".5")]
    [InlineData("""{"type":"boolean"}""", "false", "0")]
    [InlineData("""{"type":"null"}""", "null", "nul")]
    [InlineData("""{"type":["integer","null"]}""", "null", "\"\"")]
    [InlineData("""{"enum":["a b",1,null]}""", "\"a b\"", "\"a\"")]
    [InlineData("""{"type":"string","enum":["x",1]}""", "\"x\"", "1")]
    [InlineData("""{"const":{"k":[1,"\"é"]}}""", "{\"k\":[1,\"\\\"é\"]}", "{\"k\":[1]}")]
    [InlineData("""{"type":"array","items":{"type":"integer"}}""", "[1, 2,3]", "[1,]")]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":2}""", "[1,2,3]", "[1]")]
    [InlineData("""{"type":"array","items":{"type":"integer"},"maxItems":2}""", "[1,2]", "[1,2,3]")]
    [InlineData("""{"type":"array","maxItems":0}""", "[]", "[1]")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["a"]}""", "{\"a\":1}", "{\"b\":\"x\"}")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["a","b"]}""", "{\"a\": 1, \"b\": \"x\"}", "{\"a\":1}")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}}}""", "{\"b\":\"x\"}", "{,\"b\":\"x\"}")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":false}""", "{}", "{\"c\":1}")]
    [InlineData("""{"type":"object","additionalProperties":{"type":"integer"}}""", "{\"x\":1,\"y\":2}", "{\"x\":\"1\"}")]
    [InlineData("""{"type":"object","required":["k"]}""", "{\"k\":[true,{}]}", "{}")]
    [InlineData("""{"type":"object","additionalProperties":false}""", "{}", "{\"a\":1}")]
    [InlineData("""{"anyOf":[{"type":"integer"},{"type":"object","properties":{"n":{"$ref":"#"}},"required":["n"]}]}""", "{\"n\":{\"n\":3}}", "{\"n\":{\"n\":true}}")]
    [InlineData("""{"$ref":"#/$defs/x~1y","$defs":{"x/y":{"type":"boolean"}}}""", "true", "1")]
    [InlineData("""{"type":"object","properties":{"c":{"type":"array","items":{"$ref":"#"}}},"required":["c"],"title":"tree","description":"d"}""", "{\"c\":[{\"c\":[]}]}", "{\"c\":[{}]}")]
    [InlineData("true", "[null]", "[nul]")]
    [InlineData("{}", "{\"a\":[1.5,\"\"]}", "{\"a\"}")]
    public void A_schema_allows_its_values_and_no_other(string schema, string good, string bad)
    {
        Assert.True(Accepts(schema, good));
        Assert.False(Accepts(schema, bad));
    }

    [Theory]
    [InlineData("""{"type":"string","pattern":"a"}""", "/pattern")]
    [InlineData("""{"type":"string","format":"date"}""", "/format")]
    [InlineData("""{"type":"integer","minimum":1}""", "/minimum")]
    [InlineData("""{"type":"object","properties":{"x":{"oneOf":[{}]}}}""", "/properties/0/oneOf")]
    [InlineData("""{"allOf":[{}]}""", "/allOf")]
    [InlineData("""{"type":"array","prefixItems":[{}]}""", "/prefixItems")]
    [InlineData("""{"type":"array","items":{"not":{}}}""", "/items/not")]
    [InlineData("""{"type":"array","uniqueItems":true}""", "/uniqueItems")]
    [InlineData("""{"type":"object","patternProperties":{}}""", "/patternProperties")]
    [InlineData("""{"anyOf":[{}],"type":"string"}""", "/type")]
    [InlineData("""{"$ref":"#/$defs/a","type":"string","$defs":{"a":{}}}""", "/type")]
    [InlineData("""{"$ref":"https://example.com/x"}""", "/$ref")]
    [InlineData("""{"$ref":"#/$defs/a"}""", "/$ref")]
    [InlineData("""{"type":"thing"}""", "/type")]
    [InlineData("""{"type":"string","minLength":3,"maxLength":2}""", "/maxLength")]
    [InlineData("""{"type":"string","maxLength":100000}""", "/maxLength")]
    [InlineData("""{"type":"object","required":["a"],"additionalProperties":false}""", "/required")]
    [InlineData("""{"enum":[]}""", "/enum")]
    [InlineData("""{"type":"object","properties":{"a":false}}""", "/properties/0")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}""", "schema")]
    [InlineData("""{"$ref":"#"}""", "schema")]
    [InlineData("""{"type":"string","type":"null"}""", "schema")]
    [InlineData("{", "schema")]
    [InlineData("[]", "")]
    public void What_is_not_honoured_is_refused_by_name(string schema, string keyword)
    {
        Assert.False(JsonGrammar.TryCompile(Encoding.UTF8.GetBytes(schema), out _, out GrammarError? error));
        Assert.Equal(keyword, error.Keyword);
    }

    [Fact]
    public void A_schema_that_describes_too_much_is_refused()
    {
        string deep = string.Concat(Enumerable.Repeat("{\"type\":\"array\",\"items\":", 40)) + "{}" + new string('}', 40);
        Assert.False(JsonGrammar.TryCompile(Encoding.UTF8.GetBytes(deep), out _, out _));
        string properties = string.Join(',', Enumerable.Range(0, 300).Select(i => $"\"p{i}\":{{\"type\":\"string\",\"maxLength\":2048}}"));
        Assert.False(JsonGrammar.TryCompile(Encoding.UTF8.GetBytes("{\"type\":\"object\",\"properties\":{" + properties + "}}"), out _, out GrammarError? error));
        Assert.Equal("schema", error.Keyword);
        Assert.False(JsonGrammar.TryCompile(new byte[JsonGrammar.MaximumSchemaBytes + 1], out _, out _));
    }

    [Fact]
    public void Alternatives_that_begin_alike_in_too_many_ways_are_given_up()
    {
        string choices = string.Join(',', Enumerable.Repeat("""{"type":"array","items":{"$ref":"#"}}""", 40));
        using TokenConstraint constraint = Constrain($$"""{"anyOf":[{"type":"null"},{{choices}}]}""");
        Assert.Throws<ConstraintException>(() =>
        {
            for (int i = 0; i < 8; i++)
            {
                constraint.Append('[');
            }
        });
    }

    public static TheoryData<string> Schemas =>
    [
        """{"type":"object","properties":{"name":{"type":"string","maxLength":6},"n":{"type":"integer"},"tags":{"type":"array","items":{"enum":["ab","abc","true"]},"maxItems":3},"on":{"type":["boolean","null"]}},"required":["name","tags"]}""",
        """{"anyOf":[{"type":"string","maxLength":4},{"type":"object","properties":{"left":{"$ref":"#"},"right":{"type":"number"}},"required":["right"]}]}""",
        """{"type":"array","items":{"type":"string","minLength":1,"maxLength":3},"minItems":2,"maxItems":4}""",
    ];

    [Theory]
    [MemberData(nameof(Schemas))]
    public void Random_walks_through_the_masks_give_values_that_the_schema_allows(string schema) =>
        Gen.Int.Sample(
            seed =>
            {
                Random random = new(seed);
                using TokenConstraint constraint = Constrain(schema);
                List<byte> text = [];
                for (int step = 0; step < 4000; step++)
                {
                    int[] allowed = Ids(constraint.Allowed);
                    Assert.NotEmpty(allowed);
                    int id = constraint.MayEnd ? Stop : allowed[random.Next(allowed.Length)];
                    Assert.True(constraint.Append(id));
                    if (id == Stop)
                    {
                        JsonElement value = JsonElement.Parse(text.ToArray());
                        Assert.True(Satisfies(value, JsonElement.Parse(schema), JsonElement.Parse(schema)));
                        return;
                    }

                    text.AddRange(Vocabulary[id]);
                }
            },
            iter: 60,
            threads: 1);

    [Fact]
    public void A_mask_holds_exactly_the_tokens_that_lead_on()
    {
        using TokenConstraint constraint = Constrain(Schemas.First().Data);
        byte[] prefix = Encoding.UTF8.GetBytes("{\"name\":\"ab\",\"n\": 12,\"tags\": [\"ab");
        for (int length = 0; length <= prefix.Length; length++)
        {
            for (int id = 0; id < Stop; id++)
            {
                using TokenConstraint copy = Constrain(Schemas.First().Data);
                Assert.All(prefix[..length], value => Assert.True(copy.Append(value)));
                Assert.Equal(copy.Append(id), (constraint.Allowed[id >> 6] >> (id & 63) & 1) != 0);
            }

            if (length < prefix.Length)
            {
                Assert.True(constraint.Append(prefix[length]));
            }
        }
    }

    [Fact]
    public void Any_object_is_an_object()
    {
        using TokenConstraint good = new(JsonGrammar.AnyObject(), Index, [Stop]);
        Assert.True(Accepts(good, " {\"a\": [1, {\"b\": null}], \"c\": \"\"}"));
        Assert.True(good.Append(Stop));
        using TokenConstraint bad = new(JsonGrammar.AnyObject(), Index, [Stop]);
        Assert.False(Accepts(bad, "[]"));
    }

    [Fact]
    public void Without_an_id_that_ends_an_answer_a_complete_text_is_exhausted()
    {
        Assert.True(JsonGrammar.TryCompile("""{"const":"ab"}"""u8.ToArray(), out JsonGrammar? grammar, out _));
        using TokenConstraint constraint = new(grammar, Index, []);
        Assert.False(constraint.IsExhausted);
        Assert.True(Accepts(constraint, "\"ab\""));
        Assert.True(constraint.IsExhausted);
    }

    [Fact]
    public void Long_answers_forget_old_states_and_keep_their_place()
    {
        using TokenConstraint constraint = Constrain("""{"type":"array","items":{"type":"string","maxLength":2048}}""");
        StringBuilder text = new("[");
        for (int i = 0; i < 12; i++)
        {
            text.Append(i == 0 ? "\"" : ",\"").Append('x', 2000 - i).Append('"');
        }

        Assert.True(Accepts(constraint, text.Append(']').ToString()));
    }

    [Fact]
    public void Disposing_wipes_the_schema_and_allows_nothing()
    {
        Assert.True(JsonGrammar.TryCompile("""{"const":"secret"}"""u8.ToArray(), out JsonGrammar? grammar, out _));
        TokenConstraint constraint = new(grammar, Index, [Stop]);
        Assert.Contains(grammar.Symbols, symbol => symbol == GrammarBuilder.Byte('s'));
        constraint.Dispose();
        Assert.All(grammar.Symbols, symbol => Assert.Equal(0, symbol));
        Assert.True(constraint.IsExhausted);
        Assert.False(constraint.MayEnd);
    }

    private static int[] Ids(ReadOnlySpan<ulong> mask)
    {
        List<int> ids = [];
        for (int id = 0; id < Vocabulary.Length; id++)
        {
            if ((mask[id >> 6] >> (id & 63) & 1) != 0)
            {
                ids.Add(id);
            }
        }

        return [.. ids];
    }

    // A judge of its own for the keywords that the schemas above use.
    private static bool Satisfies(JsonElement value, JsonElement schema, JsonElement root)
    {
        if (schema.TryGetProperty("$ref", out _))
        {
            return Satisfies(value, root, root);
        }

        if (schema.TryGetProperty("anyOf", out JsonElement choices))
        {
            return choices.EnumerateArray().Any(choice => Satisfies(value, choice, root));
        }

        if (schema.TryGetProperty("enum", out JsonElement values))
        {
            return values.EnumerateArray().Any(other => JsonElement.DeepEquals(other, value));
        }

        int Number(string name, int otherwise) => schema.TryGetProperty(name, out JsonElement bound) ? bound.GetInt32() : otherwise;
        JsonElement type = schema.GetProperty("type");
        string[] types = type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(t => t.GetString()!)] : [type.GetString()!];
        return value.ValueKind switch
        {
            JsonValueKind.String => types.Contains("string") && value.GetString()!.EnumerateRunes().Count() is var length && length >= Number("minLength", 0) && length <= Number("maxLength", int.MaxValue),
            JsonValueKind.Number => types.Contains("number") || (types.Contains("integer") && !value.GetRawText().Contains('.', StringComparison.Ordinal)),
            JsonValueKind.True or JsonValueKind.False => types.Contains("boolean"),
            JsonValueKind.Null => types.Contains("null"),
            JsonValueKind.Array => types.Contains("array") && value.GetArrayLength() >= Number("minItems", 0) && value.GetArrayLength() <= Number("maxItems", int.MaxValue)
                && value.EnumerateArray().All(item => Satisfies(item, schema.GetProperty("items"), root)),
            _ => types.Contains("object")
                && value.EnumerateObject().All(member => schema.GetProperty("properties").TryGetProperty(member.Name, out JsonElement inner) && Satisfies(member.Value, inner, root))
                && (!schema.TryGetProperty("required", out JsonElement required) || required.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _))),
        };
    }
}
