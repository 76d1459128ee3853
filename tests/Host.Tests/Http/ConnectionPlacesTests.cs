using CsCheck;
using MoeActors.Host.Http;

namespace MoeActors.Host.Tests.Http;

public class ConnectionPlacesTests
{
    private readonly List<string> left = [];

    [Fact]
    public void The_connection_that_has_been_silent_longest_gives_up_its_place()
    {
        ConnectionPlaces places = Taken(3, "a", "b", "c");
        places.Answering("a", begins: true);
        places.Answering("a", begins: false);
        Enter(places, "d");
        Assert.Equal(["b"], left);
    }

    [Fact]
    public void One_that_is_being_answered_keeps_its_place_while_another_is_silent()
    {
        ConnectionPlaces places = Taken(2, "a", "b");
        places.Answering("a", begins: true);
        Enter(places, "c");
        Enter(places, "d");
        Assert.Equal(["b", "c"], left);
    }

    [Fact]
    public void Where_all_are_being_answered_the_oldest_makes_room()
    {
        ConnectionPlaces places = Taken(2, "a", "b");
        places.Answering("b", begins: true);
        places.Answering("a", begins: true);
        Enter(places, "c");
        Assert.Equal(["b"], left);
    }

    [Fact]
    public void There_are_never_more_than_places_and_the_newest_is_always_in() => Gen.Int[1, 5].Select(Gen.Int[0, 30].List[1, 60]).Sample((most, moves) =>
    {
        var inside = new List<string>();
        var places = new ConnectionPlaces(most);
        foreach (int move in moves)
        {
            string name = $"{move}";
            if (inside.Contains(name))
            {
                places.Leave(name);
                inside.Remove(name);
                continue;
            }

            places.Enter(name, () => inside.Remove(name));
            inside.Add(name);
            Assert.True(inside.Count <= most);
        }
    });

    private ConnectionPlaces Taken(int most, params string[] names)
    {
        var places = new ConnectionPlaces(most);
        names.ToList().ForEach(n => Enter(places, n));
        return places;
    }

    private void Enter(ConnectionPlaces places, string name) => places.Enter(name, () => left.Add(name));
}
