using System.Runtime.InteropServices;
using System.Text.Json;
using MoeActors.Compute.Checkpoints;
using MoeActors.Host.Commands;

namespace MoeActors.Host.Tests.Commands;

public sealed class CheckpointCommandTests : IDisposable
{
    private readonly string run = Directory.CreateTempSubdirectory("moe-run-").FullName;

    public void Dispose() => Directory.Delete(run, recursive: true);

    [Fact]
    public async Task Checkpoints_are_listed_newest_first()
    {
        Write(50);
        Write(100);
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("checkpoint", "list", run));
        string[] lines = cli.Output.TrimEnd().Split('\n');
        Assert.Equal(["step", "100", "50"], lines.Select(l => l.Split(' ')[0]));
        Assert.Contains("256 B", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sound_checkpoint_is_verified_and_an_altered_byte_is_named()
    {
        Write(50);
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("checkpoint", "verify", run));
        Assert.Equal("step 50: sound\n", cli.Output);

        string file = Directory.GetFiles(Path.Combine(run, "checkpoints"), "*.safetensors", SearchOption.AllDirectories).Single();
        byte[] bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
        cli = new Cli();
        Assert.Equal(ExitCodes.Checkpoint, await cli.Run("checkpoint", "verify", run, "--step", "50"));
        Assert.StartsWith("step 50: 1 problem\n", cli.Output, StringComparison.Ordinal);
        Assert.Contains("embed@master", cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkpoint_shows_its_slots_and_tensors()
    {
        Write(50);
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("checkpoint", "show", run));
        Assert.StartsWith("step 50, full, epoch 1,", cli.Output, StringComparison.Ordinal);
        Assert.Contains("embed   [8, 8]", cli.Output, StringComparison.Ordinal);
        cli = new Cli();
        Assert.Equal(0, await cli.Run("checkpoint", "show", run, "--step", "50", "--json"));
        Assert.Equal(50, JsonDocument.Parse(cli.Output).RootElement.GetProperty("step").GetInt64());
        cli = new Cli();
        Assert.Equal(ExitCodes.Checkpoint, await cli.Run("checkpoint", "show", run, "--step", "60"));
        Assert.Contains("there is no checkpoint of step 60", cli.Error, StringComparison.Ordinal);
    }

    private void Write(long step)
    {
        string root = Path.Combine(run, "checkpoints");
        var store = new CheckpointStore(root);
        string folder = store.Begin(step);
        float[] values = [.. Enumerable.Range(0, 64).Select(i => (float)i)];
        GCHandle pin = GCHandle.Alloc(values, GCHandleType.Pinned);
        try
        {
            var tensor = new ShardTensor("embed", Slots.Master, -1, -1, [8, 8], "F32", 0, 64, pin.AddrOfPinnedObject(), 256);
            ShardFileResult written = new ShardFileWriter(root).Write($"{folder}/dense-0.safetensors", "run", step, [tensor], TestContext.Current.CancellationToken);
            var manifest = new Manifest
            {
                Identity = new RunIdentity("run", "lineage", "model", "tokenizer", "corpus"),
                Step = step,
                Epoch = 1,
                FencingToken = 1,
                CreatedAt = DateTimeOffset.UnixEpoch,
                Seed = 1,
                Units = new Dictionary<string, long> { ["dense/0"] = step },
                Ledger = JsonDocument.Parse("{}").RootElement,
                Files = [written.File],
                Entries = written.Entries,
            };
            store.Publish(manifest, [new ExpectedTensor("embed", -1, -1, [8, 8], [Slots.Master])]);
        }
        finally
        {
            pin.Free();
        }
    }
}
