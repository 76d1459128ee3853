using System.Runtime.InteropServices;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Tests.Checkpoints;

/// <summary>Two tensors, a file for each, large enough for their space to be kept. Their content is that of the step written last.</summary>
internal sealed unsafe class SpareState : IDisposable
{
    private const int Count = 17 << 10;
    private static readonly string[] Names = ["a", "b"];
    private readonly float* memory = (float*)NativeMemory.AlignedAlloc(4 * Count, 64);

    /// <summary>Writes and publishes a step; <paramref name="begun"/> happens between its beginning and its first file.</summary>
    public Manifest Publish(string root, long step, IFileOperations files, long attempt = 0, Action? begun = null)
    {
        var store = new CheckpointStore(root, files);
        string data = store.Begin(step, attempt);
        begun?.Invoke();
        for (int i = 0; i < Count; i++)
        {
            memory[i] = step + i;
        }

        ShardFileResult[] written = [.. Names.Select(name => new ShardFileWriter(root, files).Write(
            $"{data}/{name}.safetensors", "run-a", step, [new(name, Slots.Master, -1, -1, [Count], ElementTypes.F32, 0, Count, (nint)memory, 4 * Count)]))];
        Manifest manifest = SampleState.Describe(step, 0, [.. written.Select(w => w.File)], [.. written.SelectMany(w => w.Entries)]);
        store.Publish(manifest, Names.Select(n => new ExpectedTensor(n, -1, -1, [Count], [Slots.Master])));
        return manifest;
    }

    /// <summary>Reads and verifies one of the two.</summary>
    public void Read(CheckpointReader reader, int file)
    {
        reader.ReadRanges([new TensorRange(Names[file], Slots.Master, 0, Count, (nint)memory)]);
        Assert.Equal(reader.Manifest.Step + 5f, memory[5]);
    }

    public void Dispose() => NativeMemory.AlignedFree(memory);
}
