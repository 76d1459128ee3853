using MoeActors.Compute.Data;
using MoeActors.Compute.Models;
using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Data;

public sealed class BatchReaderTests : IDisposable
{
    private const int Context = 16;
    private readonly TemporaryFolder _temp = new();

    [Fact]
    public void The_samples_of_a_step_are_shared_out_without_gap_or_overlap()
    {
        (BatchReader reader, Corpus corpus, RunSpec spec) = Open();
        using (corpus)
        {
            var ids = new List<long>();
            for (long step = 0; step < 3; step++)
            {
                for (int rank = 0; rank < spec.Layout.Ranks; rank++)
                {
                    for (int micro = 0; micro < spec.Training.MicroBatches; micro++)
                    {
                        ids.AddRange(reader.SampleIds(step, rank, micro));
                        Assert.Equal(reader.SampleIds(step, rank, micro)[0] * Context, reader.TokenId(step, rank, micro));
                    }
                }
            }

            Assert.Equal(Enumerable.Range(0, 3 * spec.Training.GlobalBatch).Select(i => (long)i), ids);
        }
    }

    [Fact]
    public void A_batch_holds_the_tokens_of_its_samples()
    {
        (BatchReader reader, Corpus corpus, RunSpec spec) = Open();
        using (corpus)
        {
            using Tensor batch = reader.Batch(5, 1, 1);
            Assert.Equal([spec.RankBatch, Context + 1], batch.shape);
            Assert.Equal(ScalarType.Int64, batch.dtype);
            var schedule = new SampleSchedule(spec.Training.Seed, corpus.TrainTokens, Context);
            var expected = new long[Context + 1];
            foreach ((long id, int row) in reader.SampleIds(5, 1, 1).Select((id, row) => (id, row)))
            {
                corpus.Read(false, schedule.Locate(id).Offset, expected);
                using Tensor tokens = batch[row];
                Assert.Equal(expected, tokens.data<long>().ToArray());
            }
        }
    }

    [Fact]
    public void Validation_sequences_stand_side_by_side_over_the_whole_part()
    {
        (BatchReader reader, Corpus corpus, _) = Open();
        using (corpus)
        {
            Assert.Equal((corpus.ValidationTokens - 1) / Context, reader.ValidationSequences);
            using Tensor all = reader.Validation(0, (int)reader.ValidationSequences);
            using Tensor inputs = all.narrow(1, 0, Context).contiguous();
            var expected = new long[reader.ValidationSequences * Context];
            corpus.Read(true, 0, expected);
            Assert.Equal(expected, inputs.data<long>().ToArray());
            Assert.Throws<ArgumentOutOfRangeException>(() => reader.Validation(reader.ValidationSequences, 1));
        }
    }

    [Fact]
    public void A_batch_that_cannot_be_read_leaves_no_tensor_behind()
    {
        (BatchReader reader, Corpus corpus, RunSpec spec) = Open();
        using (corpus)
        {
            long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            using (reader.Batch(0, 0, 0))
            {
                Assert.Equal(before + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            }

            File.WriteAllText(spec.Data.Paths[0], "another text");
            Assert.Throws<CorpusException>(() => reader.Batch(0, 0, 0));
            Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
    }

    [Theory]
    [InlineData(-1, 0, 0)]
    [InlineData(0, 2, 0)]
    [InlineData(0, 0, 2)]
    public void A_batch_that_the_layout_does_not_have_is_refused(long step, int rank, int micro)
    {
        (BatchReader reader, Corpus corpus, _) = Open();
        using (corpus)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => reader.Batch(step, rank, micro));
        }
    }

    [Fact]
    public void A_model_with_fewer_ids_than_the_tokenizer_is_refused()
    {
        (_, Corpus corpus, RunSpec spec) = Open();
        using (corpus)
        {
            Assert.Contains("model.vocabulary", Assert.Throws<SpecException>(() => new BatchReader(spec with { Model = spec.Model with { Vocabulary = 128 } }, corpus)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Real_text_where_there_is_some_is_read_to_its_end()
    {
        string? folder = Environment.GetEnvironmentVariable("MOE_DATA");
        Assert.SkipWhen(string.IsNullOrEmpty(folder), "MOE_DATA names no folder of texts");
        using Corpus corpus = Corpus.Open(new DataSpec { Paths = [folder!] }, ByteTokenizer.Instance, Context);
        Assert.True(corpus.Bytes > 1000);
        var last = new long[Context];
        corpus.Read(true, corpus.ValidationTokens - Context, last);
        string file = CorpusFiles.Resolve([folder!])[^1];
        Assert.Equal(File.ReadAllBytes(file)[^Context..].Select(b => (long)b), last);
    }

    public void Dispose() => _temp.Dispose();

    private (BatchReader Reader, Corpus Corpus, RunSpec Spec) Open()
    {
        var spec = new RunSpec
        {
            RunId = "t",
            Model = new ModelSpec
            {
                Name = "t",
                Context = Context,
                Layers = 1,
                Hidden = 16,
                Heads = 2,
                KvHeads = 2,
                FeedForward = 16,
                Moe = new MoeSpec { Experts = 2, TopK = 1, ExpertHidden = 16 },
            },
            Layout = new LogicalLayout { Ranks = 2, ExpertParallel = 2 },
            Training = new TrainingSpec { Steps = 10, GlobalBatch = 12, MicroBatches = 2 },
            Data = new DataSpec { Paths = [_temp.Write("t.txt", Prose.Of(700))] },
            Nodes = 1,
        };
        spec.Validate();
        Corpus corpus = Corpus.Open(spec.Data, ByteTokenizer.Instance, Context);
        return (new BatchReader(spec, corpus), corpus, spec);
    }
}
