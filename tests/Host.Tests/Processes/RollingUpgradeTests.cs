using System.Reflection;
using System.Text.RegularExpressions;

using MoeActors.Actors.Protocol;
using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>All nodes are replaced, one after the other, by another build that computes the same, while the run goes on.</summary>
[Trait("Tier", "integration")]
[Collection(ProcessCollection.Name)]
public sealed partial class RollingUpgradeTests
{
    private const int Steps = 300, Batch = 6;

    private static readonly string[] Run =
    [
        .. ((string[])["layout.ranks=3", "layout.expert-parallel=3", $"training.global-batch={Batch}", "checkpoint.interval=40", "checkpoint.keep=20", "reports.picture=off"])
            .SelectMany(s => (string[])["--set", s]),
    ];

    [Fact]
    public async Task Every_node_is_replaced_by_another_build_and_the_run_ends_like_the_one_nothing_happens_to()
    {
        await using var world = new World();
        string undisturbed = world.File("undisturbed"), upgrade = world.File("upgrade");
        Ended alone = await world.RunAsync(["train", "--preset", "tiny", "--data", world.Text, "--run-dir", undisturbed, "--steps", $"{Steps}", "--set", "generation.tokens=8", .. Run]);
        Assert.True(alone.Code == 0, alone.Error);
        OtherBuild(upgrade);

        string[] flags =
        [
            "--set", "cluster.secret=hush-23-hush-23-hush", "--set", "cluster.mixed-builds=on", "--set", "recovery.grace=50 ms", "--set", "recovery.settle=500 ms",
            "--set", "faults.enabled=on", "--set", "faults.random-delay=10 ms",
        ];
        var cluster = new HandMadeCluster(world, flags);
        foreach (string name in (string[])["a", "b", "c"])
        {
            await cluster.AddAsync(name);
        }

        Ended started = await cluster.RunAsync("start", ["--preset", "tiny", "--data", world.Text, "--run-dir", world.Run, "--steps", $"{Steps}", .. Run]);
        Assert.True(started.Code == 0, started.Error);
        world.Program = upgrade;
        int epoch = 1;
        foreach (string name in (string[])["a", "b", "c"])
        {
            // Watched from a node that stays meanwhile: the replaced ones come last.
            MoeProcess watch = cluster.StartAt(cluster.Nodes[1].Address, "status", "--watch");
            await watch.SaysAsync(l => ResumeTests.StepOf(l) >= 1, "a step");
            await cluster.ReplaceAsync(name);
            string whole = await watch.SaysAsync(l => EpochOf(l) > epoch && l.Contains(": 3 nodes", StringComparison.Ordinal), $"an epoch of all nodes after that of number {epoch}");
            epoch = EpochOf(whole);
            watch.Signal(NativeProcess.Interrupt);
            await watch.EndedAsync();
        }

        MoeProcess end = cluster.StartAt(cluster.Address, "status", "--watch");
        Ended watched = await end.EndedAsync();
        Assert.True(watched.Code == 0, watched.Error);

        var record = new RunRecord(world.Run);
        record.EndsLike(new RunRecord(undisturbed));
        record.EverySampleContributedOnce(Steps, Batch);
        Assert.All((string[])["a", "b", "c"], n => Assert.Equal(2, record.Epochs.SelectMany(e => e.Nodes).Where(x => x.Name == n).Select(x => x.Pid).Distinct().Count()));
        Assert.Contains(record.Events.All, e => e.Message?.Contains("a runs another build than this coordinator", StringComparison.Ordinal) == true);
        foreach ((MoeProcess process, _, _) in cluster.Nodes)
        {
            process.Signal(NativeProcess.Interrupt);
            Assert.Equal(ExitCodes.Interrupted, (await process.EndedAsync()).Code);
        }

        world.NothingIsLeft("data", "undisturbed", "upgrade");
    }

    /// <summary>The same program under another module version: what it computes is the same, and it does not say so.</summary>
    private static void OtherBuild(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories))
        {
            string there = Path.Combine(folder, Path.GetRelativePath(AppContext.BaseDirectory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(there)!);

            // What stays the same is large; the program itself finds its folder by where it really lies.
            if (Path.GetFileName(file).StartsWith("MoeActors.", StringComparison.Ordinal))
            {
                File.Copy(file, there);
            }
            else
            {
                File.CreateSymbolicLink(there, file);
            }
        }

        Assembly actors = typeof(ProtocolVersion).Assembly;
        string changed = Path.Combine(folder, Path.GetFileName(actors.Location));
        byte[] bytes = File.ReadAllBytes(changed), version = actors.ManifestModule.ModuleVersionId.ToByteArray();
        int at = bytes.AsSpan().IndexOf(version);
        Assert.True(at >= 0 && bytes.AsSpan(at + 1).IndexOf(version) < 0, "where the module version lies is not known");
        bytes[at] ^= 1;
        File.WriteAllBytes(changed, bytes);
    }

    private static int EpochOf(string line) => EpochLine().Match(line) is { Success: true } m ? int.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) : -1;

    [GeneratedRegex(@"epoch (\d+): ")]
    private static partial Regex EpochLine();
}
