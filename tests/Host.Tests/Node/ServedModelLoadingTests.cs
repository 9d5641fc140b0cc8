using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Native;
using Verathos.Host.Cli;
using Verathos.Host.Configuration;
using Verathos.Host.Node;
using Verathos.Host.Tests.Processes;

namespace Verathos.Host.Tests.Node;

public sealed class ServedModelLoadingTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("verathos-loading-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Models_that_do_not_fit_are_refused_by_name_and_size_before_anything_is_loaded()
    {
        (string Path, LoadOptions Options)[] models = [Model("a", 256), Model("b", 512)];
        long both = MemoryPlan.Needed([.. models.Select(model => ModelFootprint.Of(model.Path, model.Options))]);
        ServedModelLoading.RequireMemory(new NodeConfiguration(), models, new MachineMemory(both, "all"));
        CommandException refused = Assert.Throws<CommandException>(
            () => ServedModelLoading.RequireMemory(new NodeConfiguration(), models, new MachineMemory(both - 1, "the control group's limit of 1 MiB")));
        Assert.Equal(ExitCode.Unsupported, refused.ExitCode);
        Assert.StartsWith("the model b does not fit: it takes ", refused.Message, StringComparison.Ordinal);
        Assert.Contains("beside ", refused.Message, StringComparison.Ordinal);
        Assert.Contains("(the control group's limit of 1 MiB)", refused.Message, StringComparison.Ordinal);
        ServedModelLoading.RequireMemory(new NodeConfiguration(), models[..1], new MachineMemory(both - 1, "all"));
    }

    [Fact]
    public void Memory_that_is_configured_for_keys_and_values_counts()
    {
        (string Path, LoadOptions Options)[] models = [Model("a", 256)];
        NodeConfiguration configuration = new() { Engine = new EngineConfiguration { KvMebibytes = 4096 } };
        Assert.Throws<CommandException>(() => ServedModelLoading.RequireMemory(configuration, models, new MachineMemory(4L << 30, "all")));
        ServedModelLoading.RequireMemory(configuration, models, new MachineMemory(5L << 30, "all"));
    }

    [Fact]
    public async Task Two_models_of_one_name_are_refused()
    {
        Model("a", 64);
        NodeConfiguration configuration = new() { Models = [new() { Path = Path.Combine(_root, "a") }, new() { Path = Path.Combine(_root, "a") }] };
        CommandException refused = await Assert.ThrowsAsync<CommandException>(
            () => ServedModelLoading.LoadAsync(configuration, new Output(TextWriter.Null, TextWriter.Null, json: false), TestContext.Current.CancellationToken));
        Assert.Contains("two models have the name a", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_is_loaded_under_its_name_and_profile_and_with_its_context()
    {
        Model("a", 64);
        NodeConfiguration configuration = new()
        {
            Engine = new EngineConfiguration { MaxContext = 512 },
            Models = [new() { Path = Path.Combine(_root, "a"), Name = "short", MaxContext = 64 }, new() { Path = Path.Combine(_root, "a"), Profile = "f32" }],
        };
        IReadOnlyList<LoadedModel> models = await ServedModelLoading.LoadAsync(configuration, new Output(TextWriter.Null, TextWriter.Null, json: false), TestContext.Current.CancellationToken);
        Assert.Equal([("short", 64, "bf16-lane16"), ("a", 512, "f32")], models.Select(static model => (model.Manifest.Name, model.MaxContext, model.Profile.Name)));
        foreach (LoadedModel model in models)
        {
            model.Dispose();
        }
    }

    private (string Path, LoadOptions Options) Model(string name, int hidden)
    {
        string path = Path.Combine(_root, name);
        RandomModelFolder.Write(path, hidden, 2);
        return (path, new LoadOptions());
    }
}
