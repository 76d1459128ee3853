using MoeActors.Compute.Models;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Models;

/// <summary>What a pass accepts and refuses.</summary>
public sealed class ForwardPassTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly RunSpec spec = TinyRun.Spec(moe: TinyRun.Moe with { CapacityFactor = 0.5, NoisyGate = true, SharedExperts = 1 });

    public void Dispose() => scope.Dispose();

    [Fact]
    public void A_chunk_that_comes_twice_or_with_other_rows_or_was_not_sent_is_refused_and_nothing_is_added()
    {
        using var graph = new CutGraph(spec, ScalarType.Float32);
        using ForwardPass pass = graph.Begin(0, true);
        RoutingPlan plan = pass.Route(0);
        Tensor rows = pass.DispatchRows(0);
        DispatchChunk last = plan.Chunks[^1];
        pass.Accept(DispatchKind.Forward, 0, AddressOf(last), graph.Answer(0, 0, last, rows));
        Assert.False(pass.TryCombine(0));
        foreach ((ChunkAddress chunk, long count, string why) in new (ChunkAddress, long, string)[]
        {
            (AddressOf(last), last.Rows, "twice"),
            (AddressOf(plan.Chunks[0]), plan.Chunks[0].Rows + 1, "rows"),
            (AddressOf(last) with { Index = last.Index + 1 }, last.Rows, "not in the plan"),
        })
        {
            string message = Assert.Throws<InvalidOperationException>(() => pass.Accept(DispatchKind.Forward, 0, chunk, zeros(count, 32))).Message;
            Assert.Contains("ST-2", message, StringComparison.Ordinal);
            Assert.Contains(why, message, StringComparison.Ordinal);
        }

        Assert.Throws<InvalidOperationException>(() => pass.Accept(DispatchKind.Backward, 0, AddressOf(last), zeros(last.Rows, 32)));
        Assert.Throws<InvalidOperationException>(() => pass.Accept(DispatchKind.Forward, 1, AddressOf(last), zeros(last.Rows, 32)));
        foreach (DispatchChunk chunk in plan.Chunks.SkipLast(1))
        {
            pass.Accept(DispatchKind.Forward, 0, AddressOf(chunk), graph.Answer(0, 0, chunk, rows));
            Assert.Equal(chunk == plan.Chunks[^2], pass.TryCombine(0));
        }
    }

    [Fact]
    public void An_answer_from_within_its_own_sending_is_refused()
    {
        using var graph = new CutGraph(spec, ScalarType.Float32);
        using ForwardPass pass = graph.Begin(0, false);
        var hasty = new HastyDispatcher();
        PassDriver driver = hasty.Driver = new PassDriver(pass, hasty);
        Assert.Contains("within", Assert.Throws<InvalidOperationException>(driver.Begin).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Calls_out_of_order_are_refused()
    {
        using var graph = new CutGraph(spec, ScalarType.Float32);
        using ForwardPass pass = graph.Begin(0, true);
        var training = (TrainingPass)pass;
        Assert.Throws<InvalidOperationException>(() => pass.DispatchRows(0));
        Assert.Throws<InvalidOperationException>(() => pass.TryCombine(0));
        Assert.Throws<InvalidOperationException>(() => training.ForwardLoss());
        Assert.Throws<InvalidOperationException>(() => training.Finish());
        pass.Route(0);
        Assert.Throws<InvalidOperationException>(() => pass.Route(0));
        Assert.Throws<InvalidOperationException>(() => training.TryEndCut(0));
        Assert.Throws<InvalidOperationException>(() => training.CombineBackward(0));
    }

    [Fact]
    public void Evaluation_neither_drops_nor_draws_noise()
    {
        using var graph = new CutGraph(spec, ScalarType.Float32);
        using ForwardPass training = graph.Begin(0, true), evaluation = graph.Begin(0, false), again = graph.Begin(0, false);
        int choices = 2 * TinyRun.Context * spec.Model.Moe.TopK;
        RoutingPlan trained = training.Route(0), evaluated = evaluation.Route(0);
        Assert.True(trained.Rows < choices);
        Assert.Equal(choices, evaluated.Rows);
        Assert.NotEqual(trained.Routed, evaluated.Routed);
        Assert.Equal(again.Route(0).Token, evaluated.Token);
        Assert.False(evaluation.DispatchRows(0).requires_grad);
    }

    [Fact]
    public void Dispatched_rows_are_the_plans_tokens_and_live_on_in_views_after_their_release()
    {
        using var graph = new CutGraph(spec, ScalarType.BFloat16);
        using ForwardPass pass = graph.Begin(1, true);
        RoutingPlan plan = pass.Route(0);
        Tensor rows = pass.DispatchRows(0);
        Assert.Equal([plan.Rows, 32], rows.shape);
        Assert.Equal(ScalarType.BFloat16, rows.dtype);
        Assert.True(rows.is_contiguous());
        int[] same = [.. Enumerable.Range(0, plan.Rows).Where(i => plan.Token[i] == plan.Token[0])];
        Assert.All(same, i => Assert.True(rows[i].bytes.SequenceEqual(rows[0].bytes)));
        Tensor view = rows.narrow(0, 0, 1);
        byte[] before = view.bytes.ToArray();
        pass.ReleaseRows(0);
        Assert.Equal(before, view.bytes.ToArray());
    }

    [Theory]
    [InlineData(48, "48")]
    [InlineData(-1, "-1")]
    public void A_token_outside_the_vocabulary_is_named(long token, string name)
    {
        using var graph = new CutGraph(spec, ScalarType.Float32);
        Tensor flat = zeros(ParameterLayout.Dense(spec.Model).Total);
        using var model = new DenseModel(spec.Model, ParameterLayout.Dense(spec.Model), flat);
        Tensor tokens = tensor(Enumerable.Repeat((long)token, 5).ToArray(), [1, 5]);
        string message = Assert.Throws<ArgumentException>(() => new ForwardPass(spec, model, PassContext.ForInference(0), tokens)).Message;
        Assert.Contains($"token id {name}:", message, StringComparison.Ordinal);
        Assert.Contains("47", message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_tokens_than_the_context_are_refused()
    {
        Tensor flat = zeros(ParameterLayout.Dense(spec.Model).Total);
        using var model = new DenseModel(spec.Model, ParameterLayout.Dense(spec.Model), flat);
        Tensor tokens = zeros([1, TinyRun.Context + 2], ScalarType.Int64);
        Assert.Contains("model.context", Assert.Throws<ArgumentException>(() => new ForwardPass(spec, model, PassContext.ForInference(0), tokens)).Message, StringComparison.Ordinal);
    }

    private static ChunkAddress AddressOf(DispatchChunk chunk) => new(chunk.Position, chunk.Index);

    private sealed class HastyDispatcher : ITokenDispatcher
    {
        public PassDriver? Driver { get; set; }

        public void Send(DispatchKind kind, int cut, DispatchChunk chunk, Tensor rows) => Driver!.Arrived(kind, cut, AddressOf(chunk), rows);
    }
}
