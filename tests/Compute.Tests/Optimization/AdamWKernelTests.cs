using MoeActors.Compute.Optimization;

namespace MoeActors.Compute.Tests.Optimization;

public sealed unsafe class AdamWKernelTests
{
    [Fact]
    public void One_element_at_a_time_gives_the_bits_of_a_whole_vector()
    {
        var kernel = new AdamWKernel(new AdamWStep(3e-4, 0.9, 0.95, 1e-8, 0.1, 0.37, 7), decay: true);
        const int Count = 53;
        float[][] whole = State(Count), single = State(Count);
        ushort[] wholeBits = new ushort[Count], singleBits = new ushort[Count];
        fixed (float* p = whole[0], m = whole[1], v = whole[2], g = whole[3])
        fixed (ushort* w = wholeBits)
        {
            kernel.Run(p, m, v, g, w, Count);
        }

        fixed (float* p = single[0], m = single[1], v = single[2], g = single[3])
        fixed (ushort* w = singleBits)
        {
            for (int i = 0; i < Count; i++)
            {
                kernel.Run(p + i, m + i, v + i, g + i, w + i, 1);
            }
        }

        Assert.Equal(whole, single);
        Assert.Equal(wholeBits, singleBits);
        Assert.NotEqual(State(Count)[0], whole[0]);
    }

    private static float[][] State(int count)
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, 4).Select(part => Enumerable.Range(0, count).Select(_ => random.NextSingle() - (part == 2 ? 0 : 0.5f)).ToArray())];
    }
}
