using Verathos.GpuRuntime.Native;

namespace Verathos.GpuRuntime.Tests.Native;

public sealed class LibtorchFolderTests : IDisposable
{
    private const string Required = "libtorch_more.so";
    private readonly string _root = Directory.CreateTempSubdirectory("verathos-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void AbsentFolderSaysWhatToPutWhere()
    {
        NativeRuntimeException error = Assert.Throws<NativeRuntimeException>(() => LibtorchFolder.Find(_root, Required));
        Assert.Contains(Path.Combine(_root, "lib") + " is not there: put", error.Message, StringComparison.Ordinal);
        Assert.Contains("2.10.0 or 2.11.0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LinkToNothingIsAbsent()
    {
        Directory.CreateSymbolicLink(Path.Combine(_root, "lib"), Path.Combine(_root, "nowhere"));
        Assert.Contains("is not there", Assert.Throws<NativeRuntimeException>(() => LibtorchFolder.Find(_root, Required)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("libc10.so")]
    [InlineData("libtorch_cpu.so")]
    [InlineData("libtorch.so")]
    [InlineData(Required)]
    public void EachLibraryMustBeThere(string missing)
    {
        string lib = Fill(Path.Combine(_root, "lib"));
        File.Delete(Path.Combine(lib, missing));
        Assert.Contains($"has no {missing}:", Assert.Throws<NativeRuntimeException>(() => LibtorchFolder.Find(_root, Required)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ALinkIsFollowedToItsEnd()
    {
        string real = Fill(Path.Combine(_root, "torch"));
        Directory.CreateSymbolicLink(Path.Combine(_root, "second"), real);
        Directory.CreateSymbolicLink(Path.Combine(_root, "lib"), Path.Combine(_root, "second"));
        Assert.Equal(real, LibtorchFolder.Find(_root, Required));
    }

    [Theory]
    [InlineData(0x020a_0000_0000_0000UL, "2.10.0")]
    [InlineData(0x020b_0000_0000_0000UL, "2.11.0")]
    public void KnownVersionsAreTaken(ulong stated, string version) => Assert.Equal(Version.Parse(version), LibtorchVersionCheck.Parse(stated, "here"));

    [Theory]
    [InlineData(0UL, "0.0.0")]
    [InlineData(0x0209_0000_0000_0000UL, "2.9.0")]
    [InlineData(0x020a_0100_0000_0000UL, "2.10.1")]
    [InlineData(0x020c_0000_0000_0000UL, "2.12.0")]
    [InlineData(0x030a_0000_0000_0000UL, "3.10.0")]
    public void OtherVersionsAreRefusedByName(ulong stated, string version) =>
        Assert.Equal($"the libtorch in here is {version}: this build takes 2.10.0 or 2.11.0", Assert.Throws<NativeRuntimeException>(() => LibtorchVersionCheck.Parse(stated, "here")).Message);

    [Fact]
    public void ALibraryThatDoesNotSayItsVersionIsRefused() =>
        Assert.Contains("does not say its version", Assert.Throws<NativeRuntimeException>(() => LibtorchVersionCheck.Loaded(System.Runtime.InteropServices.NativeLibrary.Load("libm.so.6"), "here")).Message, StringComparison.Ordinal);

    private static string Fill(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (string name in LibtorchFolder.Libraries.Append(Required))
        {
            File.WriteAllText(Path.Combine(folder, name), string.Empty);
        }

        return folder;
    }
}
