using MoeActors.Actors.Checkpointing;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage.ObjectStores;
using MoeActors.Compute.Specs;
using MoeActors.Host.Commands;

namespace MoeActors.Host.Runs;

/// <summary>The run that another one takes its first weights from (<c>moe train --from</c>).</summary>
internal static class WeightSource
{
    /// <summary>
    /// Finds the weights: of the newest checkpoint every byte of which is sound, or of the one asked for. Throws <see cref="CommandException"/> where there is none, or where the model is of another shape.
    /// </summary>
    /// <param name="from">Run directory of the source, absolute.</param>
    /// <param name="step">Checkpoint asked for; null = the newest sound one.</param>
    /// <param name="model">The model that is to begin with them.</param>
    /// <param name="tokenizer">Its tokenizer, for a word of warning; "" = not known.</param>
    /// <param name="objectStore">How the source's object store is reached, where its checkpoints lie in one.</param>
    /// <param name="say">What is worth a line.</param>
    public static RunOrigin Find(string from, long? step, ModelSpec model, string tokenizer, ObjectStoreOptions objectStore, Action<string> say)
    {
        RunSpec source = RunFolders.Read(from);
        if (ModelShape.Difference(model, source.Model) is ({ } key, { } here, { } there))
        {
            throw new CommandException(
                ExitCodes.Configuration, $"{key} = {here}, but run {source.RunId} in {from} has {there}: weights fit a model of the same shape; take the settings of that run (its preset was {source.Model.Name})");
        }

        if (tokenizer.Length > 0 && tokenizer != source.Data.TokenizerHash)
        {
            say($"the tokenizer is another than that of {from}: its embeddings were learned for other tokens");
        }

        using var places = new CheckpointPlaces(objectStore);
        CheckpointStore store = places.OpenToRead(source, from);
        RunIdentity identity = RunIdentity.Of(source);
        Manifest manifest = step is { } s ? Sound(store, s, identity) : Newest(store, identity, from, say);
        using var reader = new CheckpointReader(store.Storage, manifest);
        return new RunOrigin(source.RunId, manifest.Step, StateHash.Weights(reader), from);
    }

    /// <summary>Sees to it that a run which begins with another's weights has them in a checkpoint of its own; nothing where any checkpoint is there.</summary>
    public static void Ensure(RunSpec spec, string folder, ObjectStoreOptions objectStore)
    {
        if (spec.Origin is not { } origin)
        {
            return;
        }

        using var places = new CheckpointPlaces(objectStore);
        CheckpointStore store = places.Open(spec, folder);
        if (store.Newest() is not null)
        {
            return;
        }

        RunSpec source = RunFolders.Read(origin.Folder);
        CheckpointStore old = places.OpenToRead(source, origin.Folder);
        using var reader = new CheckpointReader(old.Storage, old.Open(origin.Step, RunIdentity.Of(source)));
        FirstCheckpoint.Write(spec, store, reader, TimeProvider.System.GetUtcNow());
    }

    /// <summary>What is said of it.</summary>
    public static string Sentence(RunOrigin origin) => $"begins with the weights of run {origin.RunId} after step {origin.Step} ({origin.WeightsHash})";

    private static Manifest Newest(CheckpointStore store, RunIdentity identity, string from, Action<string> say)
    {
        foreach (Manifest manifest in store.List().Valid)
        {
            try
            {
                return Sound(store, manifest.Step, identity);
            }
            catch (CheckpointException e)
            {
                say($"{e.Message}; an older one is looked for");
            }
        }

        throw new CheckpointException($"{from}: holds no sound checkpoint to take weights from; train that run first (moe resume {from}), or name another");
    }

    private static Manifest Sound(CheckpointStore store, long step, RunIdentity identity)
    {
        Manifest manifest = store.Open(step, identity);
        IReadOnlyList<CheckpointProblem> problems = store.Verify(step);
        return problems.Count == 0 ? manifest : throw new CheckpointException($"{store.Location}: the checkpoint of step {step} is damaged: {problems[0].Message}");
    }
}
