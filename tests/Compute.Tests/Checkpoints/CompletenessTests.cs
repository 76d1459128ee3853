using CsCheck;
using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Tests.Checkpoints;

public sealed class CompletenessTests
{
    private static readonly Gen<(ExpectedTensor[] Expected, CheckpointEntry[] Entries)> Tilings =
        from sizes in Gen.Long[1, 60].Array[1, 6]
        from cuts in Gen.Long[1, 59].Array[0, 5].Array[sizes.Length * 2]
        from shuffle in Gen.Int
        select Tiling(sizes, cuts, shuffle);

    [Fact]
    public void Every_tiling_is_accepted_in_any_order() =>
        Tilings.Sample(t => Assert.Empty(Completeness.Check(t.Expected, t.Entries)), iter: 500);

    [Fact]
    public void Any_one_entry_removed_is_named_with_its_range() =>
        Gen.Select(Tilings, Gen.Int[0, 10_000]).Sample(
            (t, pick) =>
            {
                CheckpointEntry gone = t.Entries[pick % t.Entries.Length];
                CompletenessProblem p = Assert.Single(Completeness.Check(t.Expected, t.Entries.Where(e => e != gone)));
                Assert.Equal((CompletenessFault.Missing, gone.Tensor, gone.Slot, gone.Begin, gone.End), (p.Fault, p.Tensor, p.Slot, p.Begin, p.End));
            },
            iter: 500);

    [Fact]
    public void Any_one_entry_given_twice_is_named_with_its_range() =>
        Gen.Select(Tilings, Gen.Int[0, 10_000]).Sample(
            (t, pick) =>
            {
                CheckpointEntry twice = t.Entries[pick % t.Entries.Length];
                CompletenessProblem p = Assert.Single(Completeness.Check(t.Expected, [.. t.Entries, twice with { File = "other" }]));
                Assert.Equal((CompletenessFault.Overlap, twice.Tensor, twice.Slot, twice.Begin, twice.End), (p.Fault, p.Tensor, p.Slot, p.Begin, p.End));
                Assert.Contains("other", p.Message);
            },
            iter: 500);

    [Fact]
    public void Any_one_entry_shifted_is_rejected() =>
        Gen.Select(Tilings, Gen.Int[0, 10_000], Gen.Long[-20, 20].Where(d => d != 0)).Sample(
            (t, pick, by) =>
            {
                CheckpointEntry e = t.Entries[pick % t.Entries.Length];
                IReadOnlyList<CompletenessProblem> problems = Completeness.Check(t.Expected, t.Entries.Select(x => x == e ? x with { Begin = x.Begin + by } : x));
                Assert.NotEmpty(problems);
                Assert.All(problems, p => Assert.Equal((e.Tensor, e.Slot), (p.Tensor, p.Slot)));
            },
            iter: 500);

    [Fact]
    public void Strangers_and_contradictions_are_named()
    {
        var expected = new[] { new ExpectedTensor("t", 2, 1, [8], ["m"]) };
        CheckpointEntry e = Entry("t", "m", 0, 8, [8]) with { Layer = 2, Expert = 1 };
        Assert.Empty(Completeness.Check(expected, [e]));
        Assert.Equal(CompletenessFault.Unknown, Assert.Single(Completeness.Check(expected, [e, e with { Slot = "v" }])).Fault);
        Assert.Equal(CompletenessFault.Unknown, Assert.Single(Completeness.Check(expected, [e, e with { Tensor = "u" }])).Fault);
        foreach ((CheckpointEntry[] wrong, string says) in new (CheckpointEntry[], string)[]
        {
            ([e with { Expert = 0 }], "expert 0"),
            ([e with { Layer = 1 }], "layer 1"),
            ([e with { Shape = [2, 4] }], "[2, 4]"),
            ([e with { Count = 4 }, e with { Begin = 4, Count = 4, Dtype = "BF16" }], "BF16"),
            ([e with { Count = 4 }, e with { Begin = 4, Count = 4, Version = 7 }], "version 7"),
        })
        {
            Assert.Contains(Completeness.Check(expected, wrong), p => p.Fault == CompletenessFault.Mismatch && p.Message.Contains(says));
        }
    }

    private static CheckpointEntry Entry(string tensor, string slot, long begin, long end, long[] shape) =>
        new(tensor, slot, 0, -1, shape, "F32", begin, end - begin, "file", 64, (end - begin) * 4, 9, new string('0', 32));

    private static (ExpectedTensor[] Expected, CheckpointEntry[] Entries) Tiling(long[] sizes, long[][] cuts, int shuffle)
    {
        var entries = new List<CheckpointEntry>();
        for (int i = 0; i < cuts.Length; i++)
        {
            long total = sizes[i / 2], begin = 0;
            foreach (long end in cuts[i].Where(c => c < total).Distinct().Order().Append(total))
            {
                entries.Add(Entry($"t{i / 2}", i % 2 == 0 ? "m" : "v", begin, end, [total]));
                begin = end;
            }
        }

        CheckpointEntry[] shuffled = [.. entries];
        new Random(shuffle).Shuffle(shuffled);
        return ([.. sizes.Select((n, i) => new ExpectedTensor($"t{i}", 0, -1, [n], ["m", "v"]))], shuffled);
    }
}
