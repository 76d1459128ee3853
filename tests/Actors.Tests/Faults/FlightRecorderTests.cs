using MoeActors.Actors.Diagnostics;

namespace MoeActors.Actors.Tests.Faults;

public sealed class FlightRecorderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("moe-flight-").FullName;

    private string Recording => Path.Combine(folder, "flight", "node-1.flight");

    [Fact]
    public void What_the_process_does_can_be_read_while_it_lives()
    {
        using var flight = new FlightRecorder(Recording, KillPlan.None);
        Assert.Equal(new FlightRecord(Environment.ProcessId, 0, 0, Phase.Idle, Phase.Idle, false), FlightRecorder.Read(Recording));
        flight.Enter(Phase.Backward, epoch: 3, step: 1L << 40);
        flight.EnterStorage(Phase.Persist, 12);
        Assert.Equal(new FlightRecord(Environment.ProcessId, 3, 1L << 40, Phase.Backward, Phase.Persist, false), FlightRecorder.Read(Recording));
    }

    [Fact]
    public void It_outlives_its_process_and_a_new_process_begins_a_new_one()
    {
        using (var flight = new FlightRecorder(Recording, KillPlan.None))
        {
            flight.Enter(Phase.Update, 1, 5);
        }

        Assert.Equal(Phase.Update, FlightRecorder.Read(Recording)!.Phase);
        using var next = new FlightRecorder(Recording, KillPlan.None);
        Assert.Equal(Phase.Idle, FlightRecorder.Read(Recording)!.Phase);
    }

    [Fact]
    public void On_a_full_disk_it_is_refused_in_words_instead_of_ending_the_process_at_the_first_store()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "no /dev/full here");
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 1);
        IOException e = Assert.Throws<IOException>(() => new FlightRecorder(full, KillPlan.None));
        Assert.Contains("No space left", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recorder_that_is_not_there_says_nothing() => Assert.Null(FlightRecorder.Read(Recording));

    [Theory]
    [InlineData(0)]
    [InlineData(23)]
    [InlineData(24)]
    public void A_recorder_cut_short_says_nothing(int bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Recording)!);
        File.WriteAllBytes(Recording, new byte[bytes]);
        Assert.Null(FlightRecorder.Read(Recording));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
