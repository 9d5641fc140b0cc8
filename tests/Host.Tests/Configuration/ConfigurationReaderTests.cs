using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.Host.Configuration;
using Verathos.Testing;

namespace Verathos.Host.Tests.Configuration;

public sealed class ConfigurationReaderTests
{
    public static TheoryData<string, string> Mistakes => new()
    {
        { """{"listne": ["http://127.0.0.1:1"]}""", "listne: no such member" },
        { """{"limits": {"body_bytes": 2048}}""", "limits.body_bytes: no such member; did you mean limits.bodyBytes?" },
        { """{"bodyBytes": 2048}""", "bodyBytes: no such member; did you mean limits.bodyBytes?" },
        { """{"limits": {"bodyBytes": 1}}""", "limits.bodyBytes: must be from 1024 to 67108864" },
        { """{"limits": {"queue": "many"}}""", "limits.queue: must be a whole number" },
        { """{"limits": {"queue": 1.5}}""", "limits.queue: must be a whole number" },
        { """{"limits": []}""", "limits: must be an object" },
        { """{"tee": "sgx"}""", "tee: must be one of simulated, tdx" },
        { """{"model": ""}""", "model: must not be empty" },
        { """{"model": 3}""", "model: must be a text" },
        { """{"listen": "http://127.0.0.1:1"}""", "listen: must be a list of texts" },
        { """{"wholeHostMeasured": "yes"}""", "wholeHostMeasured: must be true or false" },
        { """{"tee": "tdx", "tee": "simulated"}""", "tee: given twice" },
        { """{"models": "m"}""", "models: must be a list of objects" },
        { """{"models": [{"path": "m"}, {"name": "x"}]}""", "models[1].path: is missing" },
        { """{"models": [{"path": "m", "kv": 1}]}""", "models[0].kv: no such member; there are path, name" },
        { """{"models": [{"path": "m", "path": "n"}]}""", "models[0].path: given twice" },
        { """{"models": [{"path": "m", "profile": "f64"}]}""", "models[0].profile: must be one of f32" },
        { """{"models": [{"path": "m", "maxContext": 1}]}""", "models[0].maxContext: must be from 16" },
        { "{", "line 1: not JSON" },
        { "[]", "the file must hold one JSON object" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_is_named(string json, string expected)
    {
        Assert.False(ConfigurationReader.TryRead(Encoding.UTF8.GetBytes(json), out _, out IReadOnlyList<string> errors));
        Assert.StartsWith(expected, Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_mistake_is_reported_at_once()
    {
        byte[] json = """{"tee": "sgx", "limits": {"queue": -1, "nope": 1}, "timeouts": {"drainSeconds": 0}, "listen": 5}"""u8.ToArray();

        Assert.False(ConfigurationReader.TryRead(json, out _, out IReadOnlyList<string> errors));

        Assert.Equal(["tee", "limits.queue", "limits.nope", "timeouts.drainSeconds", "listen"], errors.Select(error => error.Split(':')[0]));
    }

    [Fact]
    public void Every_member_that_the_schema_describes_is_read_into_its_place()
    {
        JsonObject schema = JsonNode.Parse(ConfigurationSchema.Create())!.AsObject();
        List<string> described = [];
        JsonObject file = Fill(schema, string.Empty, described);

        bool read = ConfigurationReader.TryRead(Encoding.UTF8.GetBytes(file.ToJsonString()), out NodeConfiguration configuration, out IReadOnlyList<string> errors);

        Assert.True(read, string.Join("; ", errors));
        Assert.Equal(ConfigurationFields.All.Select(field => field.Path).Order(), described.Order());
        Assert.Equal(ModelField.All.Select(field => field.Path), file["models"]![0]!.AsObject().Select(static member => member.Key));
        foreach (ModelField field in ModelField.All)
        {
            Assert.Equal(
                JsonSerializer.Serialize(file["models"]![0]![field.Path]),
                JsonSerializer.Serialize(field.Get(Assert.Single(configuration.Models))));
        }

        foreach (ConfigurationField field in ConfigurationFields.All.Where(static field => field.Kind != FieldKind.Models))
        {
            Assert.Equal(
                JsonSerializer.Serialize(Value(file, field.Path)),
                JsonSerializer.Serialize(field.Get(configuration)));
        }
    }

    [Fact]
    public void The_schema_in_the_documentation_is_the_programs()
    {
        string path = Path.Combine(Vectors.RepositoryRoot, "docs", "node.schema.json");

        Assert.Equal(ConfigurationSchema.Create(), File.ReadAllText(path));
    }

    [Fact]
    public void The_operations_guide_names_every_member()
    {
        string guide = File.ReadAllText(Path.Combine(Vectors.RepositoryRoot, "docs", "operations.md"));

        Assert.All(ConfigurationFields.All, field => Assert.Contains(field.Path.Split('.')[^1], guide, StringComparison.Ordinal));
    }

    [Fact]
    public void Comments_and_trailing_commas_are_allowed()
    {
        byte[] json = "{ // a comment\n \"tee\": \"simulated\", }"u8.ToArray();

        Assert.True(ConfigurationReader.TryRead(json, out NodeConfiguration configuration, out _));
        Assert.Equal("simulated", configuration.Tee);
    }

    private static JsonObject Fill(JsonObject schema, string prefix, List<string> described)
    {
        JsonObject file = [];
        foreach ((string name, JsonNode? member) in schema["properties"]!.AsObject())
        {
            string path = prefix + name;
            JsonObject described1 = member!.AsObject();
            string type = described1["type"]!.GetValue<string>();
            if (type == "object")
            {
                file[name] = Fill(described1, path + ".", described);
                continue;
            }

            if (name != "$schema")
            {
                described.Add(path);
            }

            file[name] = type switch
            {
                "integer" => described1["maximum"]!.GetValue<long>(),
                "boolean" => true,
                "array" => described1["items"]!["properties"] is null ? new JsonArray("one", "two") : new JsonArray(Fill(described1["items"]!.AsObject(), string.Empty, [])),
                _ => described1["enum"] is JsonArray choices ? choices[^1]!.GetValue<string>() : "text of " + name,
            };
        }

        return file;
    }

    private static JsonNode? Value(JsonObject file, string path) => path.Split('.').Aggregate((JsonNode?)file, (node, name) => node![name]);
}
