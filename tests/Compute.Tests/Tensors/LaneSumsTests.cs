using CsCheck;
using MoeActors.Compute.Tensors;

namespace MoeActors.Compute.Tests.Tensors;

public sealed unsafe class LaneSumsTests
{
    [Fact]
    public void No_change_of_one_word_goes_unnoticed() => (from bytes in Gen.Byte.Array[1, 400] from at in Gen.Int[0, bytes.Length - 1] from flip in Gen.Int[1, 255] select (bytes, at, flip)).Sample(s =>
    {
        ulong before = Of(s.bytes);
        Assert.Equal(before, Of(s.bytes));
        s.bytes[s.at] ^= (byte)s.flip;
        Assert.NotEqual(before, Of(s.bytes));
    });

    [Fact]
    public void Two_words_that_change_places_are_noticed_in_any_lanes()
    {
        byte[] bytes = [.. Enumerable.Range(0, 512).Select(i => (byte)(i * 7))];
        ulong before = Of(bytes);
        for (int other = 4; other < bytes.Length; other += 4)
        {
            byte[] swapped = [.. bytes];
            bytes.AsSpan(0, 4).CopyTo(swapped.AsSpan(other));
            bytes.AsSpan(other, 4).CopyTo(swapped);
            Assert.True(swapped.AsSpan().SequenceEqual(bytes) || before != Of(swapped), $"words 0 and {other / 4}");
        }
    }

    private static ulong Of(byte[] bytes)
    {
        fixed (byte* start = bytes)
        {
            return LaneSums.Of(start, bytes.Length);
        }
    }
}
