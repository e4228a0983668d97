//! A name server whose answers the test changes while it runs.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{RData, Record, RecordType};
use tokio::net::UdpSocket;

type Answers = Arc<Mutex<HashMap<String, Vec<Vec<IpAddr>>>>>;

/// A running name server.
pub(crate) struct Dns {
    pub(crate) at: SocketAddr,
    answers: Answers,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Dns {
    pub(crate) async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let dns = Self {
            at: socket.local_addr().unwrap(),
            answers: Answers::default(),
            asked: Arc::default(),
        };
        let (answers, asked) = (Arc::clone(&dns.answers), Arc::clone(&dns.asked));
        tokio::spawn(async move {
            let mut buffer = [0; 2048];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let query = Message::from_vec(&buffer[..length]).unwrap();
                let answer = answer(&query, &answers, &asked);
                let _ = socket.send_to(&answer, from).await;
            }
        });
        dns
    }

    /// What the name has: one list for each time that it is looked up, the last for ever.
    pub(crate) fn set(&self, name: &str, answers: &[&[&str]]) {
        let list = |answers: &&[&str]| answers.iter().map(|a| a.parse().unwrap()).collect();
        let answers = answers.iter().map(list).collect();
        self.answers
            .lock()
            .unwrap()
            .insert(name.to_owned(), answers);
    }

    /// What was asked for: name and type.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(query: &Message, answers: &Answers, asked: &Mutex<Vec<String>>) -> Vec<u8> {
    let question = query.queries.first().unwrap().clone();
    let name = question.name().to_string();
    let name = name.trim_end_matches('.').to_owned();
    asked
        .lock()
        .unwrap()
        .push(format!("{name} {}", question.query_type()));
    let mut response = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
    response.add_query(question.clone());
    let mut known = answers.lock().unwrap();
    match known.get_mut(&name) {
        None => response.metadata.response_code = ResponseCode::NXDomain,
        Some(lists) => {
            for address in &lists[0] {
                let data = match (address, question.query_type()) {
                    (IpAddr::V4(v4), RecordType::A) => RData::A(A(*v4)),
                    (IpAddr::V6(v6), RecordType::AAAA) => RData::AAAA(AAAA(*v6)),
                    _ => continue,
                };
                let record = Record::from_rdata(question.name().clone(), 3600, data);
                response.add_answer(record);
            }
            // The address of the fourth kind is the first that is asked for.
            if question.query_type() == RecordType::A && lists.len() > 1 {
                lists.remove(0);
            }
        }
    }
    response.to_vec().unwrap()
}
