using Microsoft.Extensions.Time.Testing;

namespace Verathos.Simulator.Tests;

/// <summary>One installation in a folder of its own, shared by the tests of a class.</summary>
public sealed class TestInstallation : IDisposable
{
    public TestInstallation()
    {
        Folder = Directory.CreateTempSubdirectory("verathos-simulated-").FullName;
        Installation = Installation.OpenOrCreate(Folder, Time);
    }

    public string Folder { get; }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    public Installation Installation { get; }

    public void Dispose()
    {
        Installation.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
