using System.Text;

using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;
using MoeActors.Compute.Files;
using MoeActors.Compute.Inference;
using MoeActors.Compute.Local;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using static TorchSharp.torch;

namespace MoeActors.Compute;

/// <summary>A trained model in one process: it generates text and is saved. Used by one thread at a time; owns its tensors.</summary>
public sealed class MoeModel : IDisposable
{
    /// <summary>Folder, in that of a saved model, of a tokenizer of its own.</summary>
    internal const string TokenizerFolder = "tokenizer";

    private readonly ModelWeights weights;
    private readonly SampleLedger ledger;
    private readonly Func<UnitId, UnitTensors> state;
    private readonly IDisposable owner;
    private TextGenerator? generator;

    private MoeModel(RunSpec spec, ITokenizer tokenizer, ModelWeights weights, SampleLedger ledger, Func<UnitId, UnitTensors> state, IDisposable owner)
    {
        (Spec, Tokenizer, this.weights, this.ledger, this.state, this.owner) = (spec, tokenizer, weights, ledger, state, owner);
    }

    /// <summary>The run the model is of.</summary>
    public RunSpec Spec { get; }

    /// <summary>How text becomes tokens.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>Training steps behind it.</summary>
    public long Steps => ledger.Steps;

    /// <summary>Its weights in the compute dtype; borrowed.</summary>
    public ModelWeights Weights => weights;

    /// <summary>Text that goes on from <paramref name="prompt"/>: the same model, prompt, number and sampling give the same text.</summary>
    /// <param name="prompt">At least one token.</param>
    /// <param name="tokens">Number of tokens.</param>
    /// <param name="sampling">How each is drawn; null = the defaults.</param>
    /// <exception cref="SpecException">The gate is not causal: a model with it generates nothing.</exception>
    public string Generate(string prompt, int tokens = 100, SamplingSpec? sampling = null)
    {
        var text = new StringBuilder();
        foreach (string piece in Stream(prompt, tokens, sampling))
        {
            text.Append(piece);
        }

        return text.ToString();
    }

    /// <summary>As <see cref="Generate"/>, piece by piece as the tokens are computed.</summary>
    /// <inheritdoc cref="Generate"/>
    public IEnumerable<string> Stream(string prompt, int tokens = 100, SamplingSpec? sampling = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(prompt);
        TextGenerator.Prepare(Spec);
        generator ??= new TextGenerator(Spec, weights);
        return Pieces(generator.Generate(Tokenizer.Encode(prompt), tokens, sampling ?? new SamplingSpec(), Tokenizer.HasText));
    }

    /// <summary>
    /// Saves the model, optimizer state included, as the folder of a run: <see cref="Moe.Load"/>, <c>moe generate</c>, <c>moe checkpoint export</c> and <c>moe train --from</c> open it. Verified and whole when this returns (CK-1).
    /// </summary>
    /// <param name="folder">A folder that is not there yet, or is empty.</param>
    /// <param name="time">Clock of the time that is written down; null = the system's.</param>
    /// <exception cref="CheckpointException">It holds something already, or cannot be written.</exception>
    public void Save(string folder, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string path = Path.GetFullPath(folder);
        try
        {
            if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
            {
                throw new CheckpointException($"{folder}: holds something already: choose a folder that is not there yet");
            }

            PrivateFiles.CreateFolder(path);
            RunSpec spec = WithTokenizer(path);
            CompleteCheckpoint.Write(spec, new CheckpointStore(CheckpointPaths.InRun(path)), ledger, (time ?? TimeProvider.System).GetUtcNow(), state);
            PrivateFiles.Replace(Path.Combine(path, Moe.RecordName), spec.ToJson());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{folder}: cannot be written: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        generator?.Dispose();
        owner.Dispose();
    }

    /// <summary>A model that was just trained; takes the trainer over.</summary>
    internal static MoeModel Of(RunSpec spec, ITokenizer tokenizer, LocalTrainer trainer, SampleLedger ledger) =>
        new(spec, tokenizer, trainer.Model, ledger, unit => Copy(trainer.Optimizer(unit)), trainer);

    /// <summary>A model that was saved.</summary>
    internal static MoeModel Of(RunSpec spec, CheckpointStore store, Manifest manifest)
    {
        ITokenizer tokenizer = Tokenizers.Open(spec.Data.TokenizerPlace);
        if (spec.Data.TokenizerHash is { Length: > 0 } trained && trained != tokenizer.Hash)
        {
            throw new CorpusException($"{spec.Data.TokenizerPlace}: another tokenizer than the model was trained with (hash {tokenizer.Hash}, expected {trained}): restore its files");
        }

        var reader = new CheckpointReader(store.Storage, manifest);
        try
        {
            var order = new UnitOrder(spec.Model, spec.Layout);
            UnitTensors Read(UnitId unit) => new(
                CheckpointWeights.Master(reader, order, unit), CheckpointWeights.Slot(reader, order, unit, Slots.First), CheckpointWeights.Slot(reader, order, unit, Slots.Second));
            ModelWeights weights = CheckpointWeights.Load(spec, reader);
            return new MoeModel(spec, tokenizer, weights, SampleLedger.FromJson(manifest.Ledger.GetRawText()), Read, new Owned(weights, reader));
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    // On the CPU they are the trainer's own memory, which nothing changes while it is written.
    private static UnitTensors Copy(OptimizerShard shard) => new(shard.Master.cpu(), shard.First.cpu(), shard.Second.cpu());

    private IEnumerable<string> Pieces(IEnumerable<int> ids)
    {
        var text = new TokenText(Tokenizer);
        foreach (int id in ids)
        {
            if (text.Next(id) is { Length: > 0 } piece)
            {
                yield return piece;
            }
        }
    }

    // A tokenizer of its own goes with the model; the record names it as it is, and where it lies.
    private RunSpec WithTokenizer(string path)
    {
        if (Spec.Data.TokenizerPlace == Tokenizers.Bytes)
        {
            return Spec;
        }

        string to = Path.Combine(path, TokenizerFolder);
        PrivateFiles.CreateFolder(to);
        foreach (string file in (string[])[BpeVocabulary.TokensFile, BpeVocabulary.MergesFile])
        {
            File.Copy(Path.Combine(Spec.Data.TokenizerPlace, file), Path.Combine(to, file));
        }

        return Spec with { Data = Spec.Data with { TokenizerMoved = to } };
    }

    private sealed record Owned(ModelWeights Weights, CheckpointReader Reader) : IDisposable
    {
        public void Dispose()
        {
            Weights.Dispose();
            Reader.Dispose();
        }
    }
}
