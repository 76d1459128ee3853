using CsCheck;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Data;

public class SampleScheduleTests
{
    private static readonly Gen<(long Seed, long Tokens, int Context)> Cases =
        from seed in Gen.Long from context in Gen.Int[1, 40] from extra in Gen.Long[1, 3000] select (seed, context + extra, context);

    [Fact]
    public void A_permutation_is_a_bijection() => (from n in Gen.Long[1, 5000] from key in Gen.ULong select (n, key)).Sample(
        c =>
        {
            var permutation = new Permutation(c.n, c.key);
            var seen = new bool[c.n];
            for (long i = 0; i < c.n; i++)
            {
                Assert.False(seen[permutation[i]]);
                seen[permutation[i]] = true;
            }
        },
        iter: 200);

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData((1L << 40) + 1)]
    public void A_permutation_of_very_many_stays_inside_and_does_not_collide(long count)
    {
        var permutation = new Permutation(count, 7);
        long[] images = [.. Enumerable.Range(0, 2000).Select(i => permutation[i])];
        Assert.Equal(images.Length, images.Distinct().Count());
        Assert.All(images, i => Assert.InRange(i, 0, count - 1));
    }

    [Fact]
    public void A_permutation_shuffles()
    {
        // The number of fixed points of a random permutation is about Poisson(1); neighbours end up about a third of the range apart.
        const int n = 1000;
        var permutation = new Permutation(n, 3);
        Assert.InRange(Enumerable.Range(0, n).Count(i => permutation[i] == i), 0, 8);
        Assert.InRange(Enumerable.Range(0, n - 1).Average(i => Math.Abs(permutation[i] - permutation[i + 1])), 280, 390);
    }

    [Fact]
    public void Each_pass_visits_every_window_once_inside_the_training_part() => Cases.Sample(
        c =>
        {
            var schedule = new SampleSchedule(c.Seed, c.Tokens, c.Context);
            for (long pass = 0; pass < 3; pass++)
            {
                SampleWindow[] windows = [.. Enumerable.Range(0, (int)schedule.Windows).Select(i => schedule.Locate((pass * schedule.Windows) + i))];
                Assert.All(windows, w => Assert.Equal(pass, w.Pass));
                long[] offsets = [.. windows.Select(w => w.Offset).Order()];
                Assert.InRange(offsets[0], 0, c.Tokens);
                Assert.True(offsets[^1] + c.Context + 1 <= c.Tokens);
                Assert.All(offsets.Zip(offsets.Skip(1)), p => Assert.Equal(c.Context, p.Second - p.First));
            }
        },
        iter: 200);

    [Fact]
    public void A_pass_covers_all_but_two_windows_of_the_text() => Cases.Sample(
        c => new SampleSchedule(c.Seed, c.Tokens, c.Context).Windows * c.Context >= c.Tokens - (2L * c.Context), iter: 500);

    [Fact]
    public void Over_the_passes_borders_move_and_every_token_is_seen()
    {
        const int tokens = 103, context = 8;
        var schedule = new SampleSchedule(5, tokens, context);
        var seen = new HashSet<long>();
        var borders = new HashSet<long>();
        for (long i = 0; i < schedule.Windows * 300; i++)
        {
            long offset = schedule.Locate(i).Offset;
            borders.Add(offset % context);
            for (long t = offset; t <= offset + context; t++)
            {
                seen.Add(t);
            }
        }

        Assert.Equal(tokens, seen.Count);
        Assert.Equal(context, borders.Count);
    }

    [Fact]
    public void The_seed_and_the_pass_change_the_order()
    {
        static long[] Pass(long seed, long pass)
        {
            var schedule = new SampleSchedule(seed, 1001, 10);
            return [.. Enumerable.Range(0, (int)schedule.Windows).Select(i => schedule.Locate((pass * schedule.Windows) + i).Window)];
        }

        Assert.Equal(Pass(1, 0), Pass(1, 0));
        Assert.NotEqual(Pass(1, 0), Pass(2, 0));
        Assert.NotEqual(Pass(1, 0), Pass(1, 1));
    }

    [Fact]
    public void The_order_is_the_same_in_every_process()
    {
        var schedule = new SampleSchedule(1, 1_003_854, 64);
        Assert.Equal(15684, schedule.Windows);
        Assert.Equal("382293 528597 277578 977418", string.Join(' ', Enumerable.Range(0, 4).Select(i => schedule.Locate(i * 10_000L).Offset)));
    }

    [Fact]
    public void Too_few_tokens_are_refused()
    {
        Assert.Throws<SpecException>(() => new SampleSchedule(1, 64, 64));
        Assert.Equal(0, new SampleSchedule(1, 65, 64).Locate(12).Offset);
    }
}
