using System.Text;
using Verathos.GpuRuntime.Native;

namespace Verathos.GpuRuntime.Tests.Native;

public class GlibcxxPatchTests
{
    private static int Count(byte[] image, string text) => image.AsSpan().Count(Encoding.ASCII.GetBytes(text));

    private static byte[] Image() =>
        File.ReadAllBytes(Path.Combine(NativeRuntime.FindFolder(AppContext.BaseDirectory), "libLibTorchSharp.so"));

    [Fact]
    public void ChangesNameVersionAndFlagOnly()
    {
        byte[] before = Image();
        byte[] after = (byte[])before.Clone();
        Assert.True(GlibcxxPatch.TryApply(after, out string? problem), problem);
        int changed = before.Zip(after).Count(pair => pair.First != pair.Second);
        Assert.InRange(changed, 1, GlibcxxPatch.HookSymbol.Length + 4);
        Assert.Equal(Count(before, GlibcxxPatch.HookSymbol) - 1, Count(after, GlibcxxPatch.HookSymbol));
        Assert.Equal(Count(before, "sched_yield\0") + 1, Count(after, "sched_yield\0"));
    }

    [Fact]
    public void RefusesASecondTimeAndLeavesTheImage()
    {
        byte[] image = Image();
        Assert.True(GlibcxxPatch.TryApply(image, out _));
        byte[] once = (byte[])image.Clone();
        Assert.False(GlibcxxPatch.TryApply(image, out string? problem));
        Assert.Contains("does not use", problem, StringComparison.Ordinal);
        Assert.Equal(once, image);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(4096)]
    [InlineData(1_000_000)]
    public void TruncatedImageIsRefused(int length)
    {
        byte[] image = Image()[..length];
        Assert.False(GlibcxxPatch.TryApply(image, out string? problem));
        Assert.NotNull(problem);
    }
}
